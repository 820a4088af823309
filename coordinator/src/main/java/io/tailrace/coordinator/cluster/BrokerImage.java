package io.tailrace.coordinator.cluster;

/**
 * A broker as the cluster knows it.
 *
 * @param epoch grows with every registration; an older one is refused everywhere
 * @param live whether it is registered now
 */
public record BrokerImage(int id, int epoch, String host, int port, String rack, boolean live) {}
