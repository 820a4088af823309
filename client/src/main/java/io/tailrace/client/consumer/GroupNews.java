package io.tailrace.client.consumer;

import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import io.tailrace.protocol.message.Uuid;
import java.util.Map;

/**
 * What the coordinator last told a member. Immutable.
 *
 * @param version grows with each of them
 * @param generation grows when the member was removed: what it had is lost
 * @param memberEpoch under which offsets of these partitions are committed
 * @param assigned all that the member may read, with the topics' ids; null = the coordinator has
 *     sent no assignment yet
 * @param error why it cannot be a member; null when it can
 */
record GroupNews(
    long version,
    int generation,
    String memberId,
    int memberEpoch,
    Map<TopicPartition, Uuid> assigned,
    TailraceException error) {
  static final GroupNews NONE = new GroupNews(0, 0, "", 0, null, null);
}
