package io.tailrace.coordinator.cluster;

import java.util.UUID;

/**
 * What a broker says of itself when it joins.
 *
 * @param directoryId kept in the broker's data directory, whose lock this process holds: an earlier
 *     registration under the same directory id is of a dead process and is replaced without waiting
 *     for its session to expire
 * @param clean whether its logs were closed cleanly before
 */
public record BrokerRegistration(
    int id, String host, int port, String rack, UUID directoryId, boolean clean) {}
