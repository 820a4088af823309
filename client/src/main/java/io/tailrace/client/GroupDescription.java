package io.tailrace.client;

import java.util.List;

/**
 * A consumer group.
 *
 * @param state {@code empty}, {@code stable}, or {@code reconciling} while partitions move
 * @param epoch grows with each change of members, subscriptions or topics
 * @param assignor how its partitions are shared; empty when it never had members
 */
public record GroupDescription(
    String name, String state, int epoch, String assignor, List<GroupMemberDescription> members) {}
