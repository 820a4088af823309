/** Frames: how requests and responses stand on a connection. */
package io.tailrace.protocol.frame;
