package io.tailrace.broker.service;

import java.util.List;

/**
 * Answers a fetch of a session.
 *
 * @param news of those partitions only that have some
 */
public record SessionResult(int sessionId, List<SlotResult> news) {}
