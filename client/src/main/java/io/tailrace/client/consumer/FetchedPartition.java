package io.tailrace.client.consumer;

import io.tailrace.client.Position;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.network.Backoff;
import io.tailrace.protocol.message.Uuid;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The fetcher's state of one partition. Confined to the network's scheduler; the bytes waiting to
 * be polled, the position of the polls and the high watermark are read by other threads.
 */
final class FetchedPartition {
  static final long UNKNOWN = -1;

  final TopicPartition name;
  final Backoff backoff;

  /** Bytes that were fetched and are not yet used up by the thread that polls. */
  private final AtomicLong waitingBytes = new AtomicLong();

  /** Whether the fetcher left the partition out because too much was waiting. */
  private volatile boolean held;

  private volatile long highWatermark = UNKNOWN;

  /** The offset that the next poll returns first, as of the last one. */
  private volatile long position = UNKNOWN;

  /** Where a fetch last found nothing. */
  private volatile long emptyAt = UNKNOWN;

  /** Which seek this follows; events of older ones are dropped. */
  int version;

  /** The position to look up while {@link #nextOffset} is unknown. */
  Position target;

  /** The offset to fetch next; {@link #UNKNOWN} until the target has been found. */
  long nextOffset = UNKNOWN;

  /** The topic that the offsets belong to; null until it is known. */
  Uuid topicId;

  boolean looking;

  /** Whether a fetch names the partition, or a session does, and has not answered it yet. */
  boolean inFlight;

  /** The session that knows the partition under {@link #slot}; null = none. */
  FetchSession session;

  /** The number of the partition in {@link #session}. */
  int slot;

  boolean failed;
  boolean paused;
  boolean removed;
  long notBeforeMs;

  /** When the current run of failed fetches began, monotonic ms; 0 = the last fetch succeeded. */
  long failingSinceMs;

  FetchedPartition(TopicPartition name, Backoff backoff) {
    this.name = name;
    this.backoff = backoff;
  }

  long waitingBytes() {
    return waitingBytes.get();
  }

  void addWaiting(long bytes) {
    waitingBytes.addAndGet(bytes);
  }

  /**
   * Subtracts bytes that the polling thread has read. Thread-safe.
   *
   * @return whether to wake the fetcher, which had left the partition out
   */
  boolean usedUp(long bytes) {
    waitingBytes.addAndGet(-bytes);
    return held;
  }

  void setHeld(boolean held) {
    this.held = held;
  }

  /** The end that brokers last told, or {@link #UNKNOWN}. Thread-safe. */
  long highWatermark() {
    return highWatermark;
  }

  void setHighWatermark(long highWatermark) {
    this.highWatermark = highWatermark;
  }

  void setPosition(long position) {
    this.position = position;
  }

  /**
   * Records between the position of the polls and the high watermark; 0 if unknown. Thread-safe.
   */
  long lag() {
    long at = position;
    return at == UNKNOWN ? 0 : Math.max(0, highWatermark - at);
  }

  /** Notes that the leader serves the partition: failures before do not count any more. */
  void onSuccess() {
    backoff.reset();
    failingSinceMs = 0;
  }

  /** Notes that there is nothing at the offset to be fetched next. */
  void foundEmpty() {
    emptyAt = nextOffset;
  }

  /** Whether there is nothing from one offset to another, as brokers last told. Thread-safe. */
  boolean isEmpty(long from, long to) {
    return emptyAt == from && highWatermark >= to;
  }

  /** Starts over at a position. */
  void seek(int newVersion, Position position) {
    version = newVersion;
    failed = false;
    looking = false;
    inFlight = false;
    notBeforeMs = 0;
    failingSinceMs = 0;
    topicId = null;
    backoff.reset();
    if (position instanceof Position.Offset at) {
      nextOffset = at.offset();
      target = null;
    } else {
      nextOffset = UNKNOWN;
      target = position;
    }
  }

  @Override
  public String toString() {
    return name.toString();
  }
}
