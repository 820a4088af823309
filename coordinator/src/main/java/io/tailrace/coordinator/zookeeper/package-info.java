/** The metadata store on Apache ZooKeeper: the one place that knows Curator. */
package io.tailrace.coordinator.zookeeper;
