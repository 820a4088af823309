package io.tailrace.broker.service;

import java.util.List;

/**
 * One fetch of a session, as far as it differs from the one before.
 *
 * @param id 0 = begins a session, and ends an earlier one of the connection
 * @param epoch 0 for the fetch that begins a session, then one more for each
 * @param changed partitions that are new or go on at another offset
 * @param forgotten slots that are read no more
 */
public record SessionQuery(int id, int epoch, List<SlotQuery> changed, List<Integer> forgotten) {}
