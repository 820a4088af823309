package io.tailrace.broker.partition;

import io.tailrace.broker.log.LogConfig;

/**
 * The effective settings of a topic, as far as its partitions need them.
 *
 * @param log how its logs are kept
 * @param minInSyncReplicas below this many in-sync replicas no records are accepted with acks=all
 */
public record TopicSettings(LogConfig log, int minInSyncReplicas) {}
