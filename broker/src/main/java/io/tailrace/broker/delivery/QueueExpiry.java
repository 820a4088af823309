package io.tailrace.broker.delivery;

import io.tailrace.broker.forward.DeadLetterHeaders;
import io.tailrace.broker.partition.Partition;
import io.tailrace.coordinator.queue.AsideReason;
import io.tailrace.coordinator.queue.QueueForwarding;
import io.tailrace.coordinator.queue.QueueLimits;
import io.tailrace.protocol.port.Scheduler.Cancellable;
import io.tailrace.protocol.record.StoredRecord;
import io.tailrace.protocol.record.TimeToLive;
import java.util.Arrays;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends the wait of messages of one queue on one partition that are beyond its limits, the oldest
 * ready ones first. Looks at the head of the queue only: what lies behind it is younger, but for
 * what producers say of their records. Confined to the partition's scheduler.
 */
final class QueueExpiry {
  private static final Logger LOG = LoggerFactory.getLogger(QueueExpiry.class);

  private static final int MAX_MESSAGES = 500;
  private static final int MAX_BYTES = 1 << 20;

  /** So often the head is looked at which did not expire when it was looked at last. */
  private static final long RECHECK_MS = 1_000;

  private final Partition partition;
  private final QueueServing serving;
  private final DeliveryWriter writer;
  private final DeliveryResources resources;
  private final Runnable changed;
  private boolean reading;
  private boolean stopped;
  private Cancellable timer = () -> {};

  /** The message that was the oldest ready one, and when it expires, milliseconds since 1970. */
  private long head = -1;

  private long headDueMs;

  /**
   * @param changed called when messages were set aside
   */
  QueueExpiry(
      Partition partition,
      QueueServing serving,
      DeliveryWriter writer,
      DeliveryResources resources,
      Runnable changed) {
    this.partition = partition;
    this.serving = serving;
    this.writer = writer;
    this.resources = resources;
    this.changed = changed;
  }

  /** Ends for good. */
  void stop() {
    stopped = true;
    timer.cancel();
  }

  private QueueForwarding forwarding() {
    return serving.delivery().forwarding();
  }

  /** Sets aside what is beyond the limits now, and looks again when more will be. */
  void run() {
    QueueLimits limits = serving.settings.limits();
    boolean limited = limits.limitWaiting();
    if (stopped || reading || !(limited || mayExpire(0)) || !writer.isReady()) {
      return;
    }
    long nowMs = resources.clock().wallMs();
    long excess = forwarding().excess(limits, nowMs);
    if (excess > 0) {
      long[] oldest = forwarding().oldestReady((int) Math.min(MAX_MESSAGES, excess), nowMs);
      expire(oldest, AsideReason.MAX_LENGTH);
    } else if (limits.messageTtlMs() > 0 || mayExpire(0)) {
      checkHead(limits.messageTtlMs(), nowMs);
    }
  }

  /** Whether the partition holds messages at or above an offset that have times to live. */
  private boolean mayExpire(long offset) {
    return partition.delayedBatches().next(offset) != Long.MAX_VALUE;
  }

  private void checkHead(long ttlMs, long nowMs) {
    long[] first = forwarding().oldestReady(1, nowMs);
    if (first.length == 0 || (first[0] == head && nowMs < headDueMs)) {
      return; // the timer is set
    }
    if (ttlMs == 0 && partition.delayedBatches().next(first[0]) != first[0]) {
      return; // it does not expire
    }
    long[] oldest = forwarding().oldestReady(MAX_MESSAGES, nowMs);
    reading = true;
    MessageRecords.read(
        partition,
        resources.readers(),
        oldest,
        MAX_BYTES,
        (read, error) -> {
          reading = false;
          if (stopped) {
            return;
          }
          if (error != null) {
            LOG.debug("{}: the age of messages is not known: {}", partition, error.message());
            recheckAfter(RECHECK_MS);
            return;
          }
          onRead(oldest, read, ttlMs);
        });
  }

  /** A message that is gone counts as expired: its delivery tells that it cannot be read. */
  private void onRead(long[] oldest, MessageRecords.Result read, long ttlMs) {
    long nowMs = resources.clock().wallMs();
    int expired = 0;
    while (expired < read.examined()) {
      StoredRecord record = read.records().get(oldest[expired]);
      long dueMs = record == null ? nowMs : dueMs(record, ttlMs);
      if (dueMs > nowMs) {
        head = oldest[expired];
        headDueMs = dueMs;
        if (dueMs != Long.MAX_VALUE) {
          recheckAfter(Math.max(1, dueMs - nowMs));
        }
        break;
      }
      expired++;
    }
    long[] ready = forwarding().oldestReady(expired, nowMs);
    int same = 0;
    while (same < ready.length && ready[same] == oldest[same]) {
      same++; // others were taken meanwhile
    }
    if (same > 0 && writer.isReady()) {
      expire(Arrays.copyOf(ready, same), AsideReason.EXPIRED);
    } else if (expired > 0) {
      recheckAfter(1);
    }
  }

  /**
   * The earlier one of what the queue and the publisher say. A message that was sent back from a
   * dead-letter queue has no time to live any more.
   */
  private static long dueMs(StoredRecord record, long ttlMs) {
    if (DeadLetterHeaders.wasRedriven(record.headers())) {
      return Long.MAX_VALUE;
    }
    long byQueueMs = ttlMs == 0 ? Long.MAX_VALUE : record.timestampMs() + ttlMs;
    return Math.min(byQueueMs, TimeToLive.expiresMs(record));
  }

  private void expire(long[] offsets, AsideReason reason) {
    boolean dropped = serving.settings.deadLetters().areDropped();
    writer.write(
        serving.queue,
        forwarding().expire(offsets, reason, dropped, resources.clock().wallMs()),
        error -> {
          if (error != null && !stopped) {
            LOG.warn("{}: what expired was not kept: {}", partition, error.message());
          }
        });
    partition.scheduler().execute(changed);
  }

  private void recheckAfter(long ms) {
    timer.cancel();
    timer = partition.scheduler().schedule(this::run, Math.min(ms, Integer.MAX_VALUE));
  }
}
