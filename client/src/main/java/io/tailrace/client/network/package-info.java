/** Connections to brokers: frames out, frames in, timeouts, reconnecting. */
package io.tailrace.client.network;
