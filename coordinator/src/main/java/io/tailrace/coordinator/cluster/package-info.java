/** Who does what in the cluster, as immutable images and pure decisions. No IO. */
package io.tailrace.coordinator.cluster;
