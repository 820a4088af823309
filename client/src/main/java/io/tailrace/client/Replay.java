package io.tailrace.client;

import java.util.Map;
import java.util.stream.Stream;

/**
 * A stretch of history: the records of a topic between two positions, which were fixed when it was
 * made; it ends. Made by {@link ConsumerBuilder#replay}. Records of one partition come in order,
 * partitions mixed.
 *
 * <pre>{@code
 * client.consumer(keys, values)
 *     .replay("orders", Position.at(Instant.now().minus(1, HOURS)), Position.latest())
 *     .forEach(this::recount);
 * }</pre>
 *
 * <p>Can be iterated once, by one thread. {@link #forEach} closes it in the end, and an iterator
 * does when it reaches the end; a caller that stops before must close it.
 *
 * @param <K> the keys' type
 * @param <V> the values' type
 */
public interface Replay<K, V> extends Iterable<ConsumerRecord<K, V>>, AutoCloseable {

  /** The offset at which each partition starts. */
  Map<TopicPartition, Long> startOffsets();

  /** The offset at which each partition ends, exclusive. */
  Map<TopicPartition, Long> endOffsets();

  /** The offset of the next record of each partition; the end offset once it is done. */
  Map<TopicPartition, Long> positions();

  /**
   * How many offsets are left. A partition that has lost records to compaction holds fewer records
   * than offsets.
   */
  long remaining();

  /** The records as a stream, which closes the replay when it is closed. */
  Stream<ConsumerRecord<K, V>> stream();

  /** Stops. May be called again, and from another thread. */
  @Override
  void close();
}
