/** Error codes, shared by both sides of a connection. */
package io.tailrace.protocol.error;
