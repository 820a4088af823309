package io.tailrace.broker.delivery;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.forward.DeadLetterHeaders;
import io.tailrace.broker.forward.ForwardClient;
import io.tailrace.broker.forward.ForwardCopies;
import io.tailrace.broker.forward.ForwardSource;
import io.tailrace.broker.forward.ForwardTargets;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.coordinator.cluster.QueueImage;
import io.tailrace.coordinator.queue.AsideMessage;
import io.tailrace.coordinator.queue.Forward;
import io.tailrace.coordinator.queue.ForwardTarget;
import io.tailrace.coordinator.queue.QueueDelta;
import io.tailrace.coordinator.queue.QueueForwarding;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Scheduler.Cancellable;
import io.tailrace.protocol.record.StoredRecord;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Forwards the messages of one queue on one partition while this broker leads it: dead letters to
 * where the queue sends them, and redriven ones back. One batch at a time: it is named in the
 * delivery log, then sent until the target has it, then settled there. What cannot be sent waits
 * and is tried again, with a growing pause; deliveries go on meanwhile. Confined to the partition's
 * scheduler.
 */
final class QueueForwarder {
  private static final Logger LOG = LoggerFactory.getLogger(QueueForwarder.class);

  private static final int MAX_MESSAGES = 500;
  private static final int MAX_BYTES = 512 * 1024;

  /** A message that has died so often stays set aside: it goes round in a circle. */
  private static final int MAX_HOPS = 16;

  private static final long FIRST_PAUSE_MS = 50;
  private static final long MAX_PAUSE_MS = 5_000;

  /** A target that was missing for so long is taken for deleted. */
  private static final long GONE_AFTER_MS = 5_000;

  private final Partition partition;
  private final QueueServing serving;
  private final DeliveryWriter writer;
  private final DeliveryResources resources;
  private final ForwardSource source;
  private final Runnable changed;
  private final ArrayDeque<Redrive> redrives = new ArrayDeque<>();

  /** Messages that no target takes, by their offsets; they stay set aside. */
  private final Set<Long> stuck = new HashSet<>();

  private QueueImage image;
  private boolean busy;
  private boolean stopped;
  private int maxMessages = MAX_MESSAGES;
  private int failures;
  private PartitionError problem;

  /** Since when the target of the batch in flight does not exist, monotonic; -1 = it does. */
  private long goneSinceMs = -1;

  /** Whether the batch in flight was sent before, by this leader or an earlier one. */
  private boolean sentBefore = true;

  private Redrive inWork;

  /** How many offsets of the redrive in work were read. */
  private int examined;

  private Cancellable timer = () -> {};

  /** Dead letters that a redrive asked to be sent back. */
  record Redrive(UUID targetQueue, long[] offsets, Consumer<RedriveResult> done) {}

  /**
   * @param changed called when messages became deliverable again
   */
  QueueForwarder(
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
    this.source =
        new ForwardSource(
            serving.queue.name(),
            serving.queue.id(),
            partition.topic(),
            partition.id().topicId(),
            partition.id().partition());
  }

  /** Takes over the queue's metadata. */
  void onImage(QueueImage now) {
    image = now;
  }

  /** Why messages wait that should be forwarded; empty when nothing hinders them. */
  String problem() {
    if (problem != null) {
      return problem.code() + ": " + problem.message();
    }
    return stuck.isEmpty()
        ? ""
        : stuck.size()
            + " messages stay set aside: they have died too often, or their target does not take"
            + " them; the log of the broker that leads "
            + partition
            + " names them";
  }

  /** Ends for good: another broker may lead, or the queue is gone. */
  void stop(PartitionError why) {
    stopped = true;
    timer.cancel();
    if (inWork != null) {
      redrives.addFirst(inWork);
      inWork = null;
    }
    for (Redrive each = redrives.poll(); each != null; each = redrives.poll()) {
      each.done.accept(RedriveResult.failed(why));
    }
  }

  /** Sends dead letters back; {@code done} is told which ones their queue has now. */
  void redrive(Redrive redrive) {
    redrives.add(redrive);
    run();
  }

  private QueueForwarding forwarding() {
    return serving.delivery().forwarding();
  }

  /** Goes on, if there is something to forward and nothing is under way. */
  void run() {
    if (stopped || busy || image == null || !writer.isReady()) {
      return;
    }
    if (forwarding().inFlight() != null) {
      busy = true;
      resend();
    } else if (!redrives.isEmpty()) {
      busy = true;
      inWork = redrives.poll();
      examined = 0;
      beginRedrive(inWork);
    } else if (!image.settings().deadLetters().stay()) {
      long[] next = waiting();
      if (next.length > 0) {
        busy = true;
        beginDeadLetters(next);
      }
    }
  }

  /** The first messages that are set aside and can be forwarded. */
  private long[] waiting() {
    List<AsideMessage> all = serving.delivery().aside(0, maxMessages + stuck.size());
    return all.stream()
        .mapToLong(AsideMessage::offset)
        .filter(offset -> !stuck.contains(offset))
        .limit(maxMessages)
        .toArray();
  }

  // ---- which batch ----

  private void beginDeadLetters(long[] offsets) {
    ForwardClient client = resources.forwards();
    ForwardTargets.Found found =
        ForwardTargets.ofDeadLetters(client.image(), image, source.partition());
    if (found.target() != null) {
      read(offsets, MAX_BYTES, read -> writeDeadLetters(found.target(), offsets, read));
    } else if (found.problem() != null) {
      pause(found.problem());
    } else {
      client.prepareDeadLetters(
          partition.scheduler(),
          image,
          error -> {
            if (error == null) {
              busy = false;
              retryAfter(FIRST_PAUSE_MS); // the image tells of it
            } else {
              pause(error);
            }
          });
    }
  }

  private void writeDeadLetters(ForwardTarget target, long[] offsets, MessageRecords.Result read) {
    Map<Long, StoredRecord> records = read.records();
    List<Long> chosen = new ArrayList<>();
    List<Long> gone = new ArrayList<>();
    long bytes = 0;
    for (long offset : Arrays.copyOf(offsets, read.examined())) {
      StoredRecord record = records.get(offset);
      if (record == null) {
        gone.add(offset);
        continue;
      }
      if (DeadLetterHeaders.hops(record.headers()) >= MAX_HOPS) {
        LOG.error(
            "queue {}: the message at offset {} of {} has died {} times and stays set aside",
            source.queue(),
            offset,
            partition,
            MAX_HOPS);
        stuck.add(offset);
        continue;
      }
      long size = MessageRecords.sizeOf(record);
      if (!chosen.isEmpty() && bytes + size > MAX_BYTES) {
        break;
      }
      bytes += size;
      chosen.add(offset);
    }
    List<QueueDelta> deltas = new ArrayList<>();
    if (!gone.isEmpty()) {
      LOG.error(
          "queue {}: {} messages that were set aside cannot be read on {}, and are dropped",
          source.queue(),
          gone.size(),
          partition);
      deltas.add(new QueueDelta.AsideSettled(array(gone)));
    }
    if (!chosen.isEmpty()) {
      deltas.add(
          forwarding()
              .deadLetter(target, image.settings().deadLetters().routingKey(), array(chosen)));
    }
    write(deltas, records);
  }

  private void beginRedrive(Redrive redrive) {
    ForwardTargets.Found found =
        ForwardTargets.ofRedrive(
            resources.forwards().image(), redrive.targetQueue, source.partition());
    if (found.target() == null) {
      endRedrive(new long[0], found.problem());
      idle();
      return;
    }
    read(
        redrive.offsets,
        MAX_BYTES,
        read -> {
          examined = read.examined();
          Map<Long, StoredRecord> records = read.records();
          long[] there = Arrays.stream(redrive.offsets).filter(records::containsKey).toArray();
          List<QueueDelta> deltas =
              forwarding().redrive(found.target(), there, resources.clock().wallMs());
          if (deltas.isEmpty()) {
            endRedrive(new long[0], null);
          }
          write(deltas, records);
        });
  }

  private void endRedrive(long[] redriven, PartitionError error) {
    Redrive ended = inWork;
    inWork = null;
    if (ended != null) {
      ended.done.accept(new RedriveResult(redriven, examined, error));
    }
  }

  private void write(List<QueueDelta> deltas, Map<Long, StoredRecord> records) {
    if (deltas.isEmpty()) {
      idle();
      return;
    }
    if (!writer.isReady()) {
      PartitionError wait =
          new PartitionError(ErrorCode.OVERLOADED, "the delivery log prepares its next files");
      endRedrive(new long[0], wait);
      pause(wait);
      return;
    }
    sentBefore = false;
    writer.write(
        serving.queue,
        deltas,
        error -> {
          if (stopped) {
            return;
          }
          Forward forward = forwarding().inFlight();
          if (error != null) {
            endRedrive(new long[0], error);
            pause(error);
          } else if (forward == null) {
            idle();
          } else {
            send(forward, ForwardCopies.batch(source, forward, records));
          }
        });
    changed.run(); // a redrive may have passed over messages
  }

  // ---- until the target has it ----

  private void resend() {
    Forward forward = forwarding().inFlight();
    writer.whenCommitted(
        error -> {
          if (stopped) {
            return;
          }
          if (error != null) {
            pause(error);
          } else {
            read(
                forward.offsets(),
                Long.MAX_VALUE,
                read -> send(forward, ForwardCopies.batch(source, forward, read.records())));
          }
        });
  }

  private void send(Forward forward, ByteBuf batch) {
    resources
        .forwards()
        .append(partition.scheduler(), forward.target(), batch, error -> onSent(forward, error));
  }

  private void onSent(Forward forward, PartitionError error) {
    if (stopped) {
      return;
    }
    if (!writer.isReady()) {
      sentBefore = true;
      pause(new PartitionError(ErrorCode.OVERLOADED, "the delivery log prepares its next files"));
      return;
    }
    boolean first = !sentBefore;
    sentBefore = true;
    if (error == null) {
      succeeded();
      resources.forwards().counters().onForwarded(forward);
      maxMessages = Math.min(MAX_MESSAGES, 2 * maxMessages);
      finish(forwarding().forwarded());
      endRedrive(forward.offsets(), null);
    } else if (isLostThere(error.code())) {
      LOG.error(
          "queue {}: {} does not know what was forwarded there from {}: {}; the batch of {}"
              + " messages is sent under a new epoch",
          source.queue(),
          forward.target(),
          partition,
          error.message(),
          forward.count());
      finish(forwarding().renumber());
    } else if (isGone(forward.target())) {
      LOG.warn(
          "queue {}: {} was deleted, {} messages wait for another target",
          source.queue(),
          forward.target(),
          forward.count());
      finish(forwarding().undo(true));
      endRedrive(new long[0], error);
    } else if (first && !mayPass(error.code())) {
      refuse(forward, error);
    } else {
      endRedrive(new long[0], onTheirWay(forward, error));
      pause(error);
    }
  }

  /** The target has forgotten the forwarder's sequences. */
  private static boolean isLostThere(ErrorCode code) {
    return code == ErrorCode.UNKNOWN_PRODUCER_ID
        || code == ErrorCode.OUT_OF_ORDER_SEQUENCE
        || code == ErrorCode.FENCED_PRODUCER_EPOCH;
  }

  /** Whether the target may take the same batch later; one that does exist, that is. */
  private static boolean mayPass(ErrorCode code) {
    return code.retriable()
        || code == ErrorCode.TOPIC_ID_MISMATCH
        || code == ErrorCode.UNKNOWN_PARTITION
        || code == ErrorCode.QUEUE_FULL
        || code == ErrorCode.UNKNOWN;
  }

  private boolean isGone(ForwardTarget target) {
    if (ForwardTargets.exists(resources.forwards().image(), target)) {
      goneSinceMs = -1;
      return false;
    }
    long now = resources.clock().monotonicMs();
    goneSinceMs = goneSinceMs < 0 ? now : goneSinceMs;
    return now - goneSinceMs >= GONE_AFTER_MS;
  }

  /** The target will never take this batch: smaller ones are tried, down to single messages. */
  private void refuse(Forward forward, PartitionError error) {
    if (forward.count() == 1) {
      long offset = forward.offsets()[0];
      LOG.error(
          "queue {}: {} does not take the message at offset {} of {}, which stays set aside: {}",
          source.queue(),
          forward.target(),
          offset,
          partition,
          error.message());
      stuck.add(offset);
    }
    maxMessages = Math.max(1, forward.count() / 2);
    finish(forwarding().undo(false));
    endRedrive(new long[0], error);
  }

  private static PartitionError onTheirWay(Forward forward, PartitionError error) {
    return new PartitionError(
        ErrorCode.OUTCOME_UNKNOWN,
        forward.count()
            + " messages are on their way to "
            + forward.target()
            + " and arrive as soon as it takes them: "
            + error.message());
  }

  private void finish(QueueDelta delta) {
    writer.write(
        serving.queue,
        List.of(delta),
        error -> {
          if (error != null && !stopped) {
            LOG.warn("{}: a forward was not settled: {}", partition, error.message());
          }
        });
    changed.run();
    idle();
  }

  // ---- reading, waiting ----

  private void read(long[] offsets, long maxBytes, Consumer<MessageRecords.Result> then) {
    MessageRecords.read(
        partition,
        resources.readers(),
        offsets,
        maxBytes,
        (read, error) -> {
          if (stopped) {
            return;
          }
          if (error != null) {
            endRedrive(new long[0], error);
            pause(error);
          } else {
            then.accept(read);
          }
        });
  }

  private void succeeded() {
    if (problem != null) {
      LOG.info("queue {}: messages of {} are forwarded again", source.queue(), partition);
    }
    failures = 0;
    problem = null;
    goneSinceMs = -1;
  }

  private void idle() {
    busy = false;
    partition.scheduler().execute(this::run);
  }

  private void pause(PartitionError error) {
    busy = false;
    if (problem == null || problem.code() != error.code()) {
      LOG.warn(
          "queue {}: messages of {} wait to be forwarded: {}: {}",
          source.queue(),
          partition,
          error.code(),
          error.message());
    }
    problem = error;
    retryAfter(Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS << Math.min(failures++, 10)));
  }

  private void retryAfter(long ms) {
    busy = true;
    timer =
        partition
            .scheduler()
            .schedule(
                () -> {
                  busy = false;
                  run();
                },
                ms);
  }

  private static long[] array(List<Long> offsets) {
    return offsets.stream().mapToLong(Long::longValue).toArray();
  }
}
