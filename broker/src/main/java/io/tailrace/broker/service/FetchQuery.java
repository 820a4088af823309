package io.tailrace.broker.service;

import io.tailrace.broker.log.LogId;
import io.tailrace.broker.partition.ReadEnd;
import java.util.UUID;

/**
 * Asks for records of one partition.
 *
 * @param topicId null = not checked
 * @param leaderEpoch that the client knows; -1 = not checked
 * @param maxBytes of its records, unless the first batch alone is larger
 * @param follower what a follower says that fetches; null = a consumer does
 */
public record FetchQuery(
    String topic,
    UUID topicId,
    int partition,
    int leaderEpoch,
    long offset,
    long maxBytes,
    FollowerFetch follower) {

  /** A consumer's. */
  public FetchQuery(
      String topic, UUID topicId, int partition, int leaderEpoch, long offset, long maxBytes) {
    this(topic, topicId, partition, leaderEpoch, offset, maxBytes, null);
  }

  /** Which of the partition's logs it reads. */
  LogId.Kind log() {
    return follower == null ? LogId.Kind.DATA : follower.log();
  }

  /** How far it reads. */
  ReadEnd upTo() {
    return follower == null ? ReadEnd.HIGH_WATERMARK : ReadEnd.LOG_END;
  }
}
