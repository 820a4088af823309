package io.tailrace.client;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Reads partitions in order. Made by {@link ConsumerBuilder#build}.
 *
 * <p><b>For one thread at a time.</b> While one thread is in a method, another gets an {@link
 * IllegalStateException} from every method but {@link #wakeup}. To stop a thread that polls, set a
 * flag that it looks at and wake it up; closing is its own business.
 *
 * <p>Records are fetched ahead in the background, within bounds. What polls return does not depend
 * on how fast they are called: each record of an assigned partition is returned once, in the order
 * of offsets, starting at the partition's position.
 *
 * @param <K> the keys' type
 * @param <V> the values' type
 */
public interface Consumer<K, V> extends AutoCloseable {

  /**
   * Reads these partitions from now on, and no others. Those that are read already keep their
   * positions; new ones start where {@link ConsumerBuilder#startAt} says.
   */
  void assign(Collection<TopicPartition> partitions);

  /** The assigned partitions. */
  Set<TopicPartition> assignment();

  /**
   * Returns the next records, at most {@link ConsumerBuilder#maxPollRecords}. Waits while there are
   * none, at most for the timeout, and returns an empty list then. The list belongs to the caller.
   *
   * @throws RecordDeserializationException for a record that cannot be deserialised, unless {@link
   *     ConsumerBuilder#onBadRecord} says otherwise; the records before it have been returned, and
   *     the position stays at it
   * @throws TailraceException when a partition cannot be read and retrying does not help, for
   *     instance because its position is out of range; positions stay as they are. Later polls
   *     return the records of the other partitions, and throw the error again when they have
   *     returned none by the end of their timeout. A retriable error, such as {@code
   *     UNKNOWN_TOPIC}, is retried in the background. With {@code INTERRUPTED} when the thread is
   *     interrupted and the poll would have to wait; the thread's interrupt flag stays set
   */
  List<ConsumerRecord<K, V>> poll(Duration timeout);

  /** Makes the next poll start at this offset of the partition. */
  void seek(TopicPartition partition, long offset);

  /**
   * Makes the next poll start at this position of the partition. Where that is, is found out in the
   * background.
   */
  void seek(TopicPartition partition, Position position);

  /** Seeks the earliest record of these partitions, or of all that are assigned when none given. */
  void seekToBeginning(TopicPartition... partitions);

  /** Seeks behind the latest record of these partitions, or of all assigned when none given. */
  void seekToEnd(TopicPartition... partitions);

  /**
   * Seeks the first record at or after a time in these partitions, or in all that are assigned when
   * none given; the end of a partition that has no record so young.
   */
  void seekToTime(Instant time, TopicPartition... partitions);

  /**
   * The offset of the next record that a poll will return, or would wait for. Waits for the brokers
   * when it has yet to be found out.
   *
   * @throws TailraceException when that does not succeed within the client's request timeout
   */
  long position(TopicPartition partition);

  /**
   * How many offsets lie between the position and the end of the partition as the brokers last
   * told; empty as long as they have not.
   */
  OptionalLong lag(TopicPartition partition);

  /** Makes polls return nothing from these partitions until they are resumed. */
  void pause(Collection<TopicPartition> partitions);

  /** Undoes {@link #pause}. */
  void resume(Collection<TopicPartition> partitions);

  /** The paused partitions. */
  Set<TopicPartition> paused();

  /**
   * Subscribes to these topics instead of those so far, as a member of the consumer's group.
   *
   * @throws IllegalStateException when the consumer has no group, or was told its partitions
   */
  void subscribe(Collection<String> topics);

  /**
   * Commits the positions of all partitions to the group: what polls have returned counts as dealt
   * with. Waits until that is stored.
   *
   * @throws TailraceException when it is not stored within the client's request timeout; with
   *     {@code STALE_MEMBER_EPOCH} or {@code UNKNOWN_MEMBER} when a partition belongs to another
   *     member by now
   * @throws IllegalStateException when the consumer has no group
   */
  void commit();

  /**
   * As {@link #commit()} without waiting. One commit of a consumer is under way at a time; those
   * asked for meanwhile become one, in which the newest offset of each partition counts. The future
   * completes on the client's network thread.
   */
  CompletableFuture<Void> commitAsync();

  /**
   * Commits offsets of the caller's choice: the next to be read by whichever consumer gets the
   * partition next. As {@link #commitAsync()} otherwise.
   */
  CompletableFuture<Void> commitAsync(Map<TopicPartition, Long> offsets);

  /**
   * The offsets that the group has committed, without partitions for which it has none. Waits for
   * the brokers.
   *
   * @throws TailraceException when that does not succeed within the client's request timeout
   * @throws IllegalStateException when the consumer has no group
   */
  Map<TopicPartition, Long> committed(Collection<TopicPartition> partitions);

  /**
   * Makes the poll that is waiting, or else the next one that would wait, return at once.
   * Thread-safe.
   */
  void wakeup();

  /**
   * Stops fetching and releases the fetched records. A member of a group commits first, where that
   * happens by itself, and leaves. May be called again.
   */
  @Override
  void close();
}
