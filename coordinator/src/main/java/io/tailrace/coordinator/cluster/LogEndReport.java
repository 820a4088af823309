package io.tailrace.coordinator.cluster;

import java.util.UUID;

/**
 * What a broker says of its replica of a partition that nobody leads: see {@link
 * ClusterStore#reportLogEnd}.
 *
 * @param leaderEpoch the partition's, while nobody led it
 * @param brokerEpoch of the registration under which the broker looked
 * @param lastEpoch the leader epoch of the log's last batch; -1 when it has none
 */
public record LogEndReport(
    String topic,
    UUID topicId,
    int partition,
    int leaderEpoch,
    int brokerEpoch,
    int lastEpoch,
    long logEndOffset) {}
