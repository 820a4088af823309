/** Error codes and the wording of errors, shared by both sides of a connection. */
package io.tailrace.protocol.error;
