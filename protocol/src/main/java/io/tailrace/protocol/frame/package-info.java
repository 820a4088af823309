/** Frames: the layout of requests and responses on a connection. */
package io.tailrace.protocol.frame;
