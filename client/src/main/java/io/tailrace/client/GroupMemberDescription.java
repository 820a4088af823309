package io.tailrace.client;

import java.util.List;

/**
 * A member of a consumer group.
 *
 * @param instanceId of a static member; empty otherwise
 * @param epoch grows with each change of what it may read
 * @param topics what it subscribes to by name
 * @param pattern what it subscribes to besides; empty = nothing
 * @param assigned what it may read
 * @param revoking the partitions that it has to give up and still owns
 */
public record GroupMemberDescription(
    String memberId,
    String instanceId,
    String clientId,
    int epoch,
    List<String> topics,
    String pattern,
    List<TopicPartition> assigned,
    List<TopicPartition> revoking) {}
