/**
 * A joined simulation on one real thread: the real client producer, partitions, replica state and
 * producer state over a simulated network, disk and clock, from a seed. Nodes, network, disk and
 * clock are apart, so that a simulation of a whole cluster can grow out of it.
 */
package io.tailrace.broker.simulation;
