/** Connections and requests: from bytes to partitions and back. */
package io.tailrace.broker.network;
