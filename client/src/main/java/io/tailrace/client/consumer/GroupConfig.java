package io.tailrace.client.consumer;

import io.tailrace.client.RebalanceListener;
import java.time.Duration;

/**
 * A consumer's settings that concern its group; {@link io.tailrace.client.ConsumerBuilder} says
 * what each means.
 *
 * @param instanceId empty = none
 * @param assignor empty = no preference
 * @param pattern empty = none
 * @param autoCommitInterval zero = the caller commits
 * @param requireCommitted whether a partition without a committed offset is an error
 */
public record GroupConfig(
    String group,
    String instanceId,
    String assignor,
    String pattern,
    Duration sessionTimeout,
    Duration maxPollInterval,
    Duration autoCommitInterval,
    boolean requireCommitted,
    RebalanceListener listener) {}
