/** The client's view of the cluster: brokers, topics and leaders. */
package io.tailrace.client.metadata;
