package io.tailrace.client.cli;

import io.tailrace.client.Consumer;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.Message;
import io.tailrace.client.Position;
import io.tailrace.client.Producer;
import io.tailrace.client.RecordMetadata;
import io.tailrace.client.SendCallback;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;

/**
 * Copies a stretch of a topic's history into another topic: keys, values, headers and timestamps as
 * they are; the partition too, when both topics have as many, and by the key otherwise. Writes down
 * about once a second how far it has come. Confined to the thread of the command.
 */
final class TopicCopy {
  private static final Duration POLL = Duration.ofMillis(200);
  private static final long NOTE_NANOS = 1_000_000_000L;

  private final Session session;
  private final TailraceClient client;
  private final String target;
  private final boolean samePartitions;
  private final Path stateFile;
  private final CorruptRecords corruptRecords;

  private final Map<TopicPartition, Long> targetEnds = new ConcurrentHashMap<>();
  private final AtomicReference<TailraceException> failure = new AtomicReference<>();
  private final SendCallback acknowledgement = this::onAcknowledged;

  /** Copied records that were acknowledged and written down; read by the interrupted process. */
  private volatile long noted;

  /**
   * Prepares a copy.
   *
   * @param samePartitions whether records keep their partition
   * @param stateFile where to write down how far it has come
   * @param corruptRecords what becomes of records that cannot be read
   */
  TopicCopy(
      Session session,
      TailraceClient client,
      String target,
      boolean samePartitions,
      Path stateFile,
      CorruptRecords corruptRecords) {
    this.session = session;
    this.client = client;
    this.target = target;
    this.samePartitions = samePartitions;
    this.stateFile = stateFile;
    this.corruptRecords = corruptRecords;
  }

  private void onAcknowledged(RecordMetadata metadata, TailraceException error) {
    if (error != null) {
      failure.compareAndSet(null, error);
    } else if (metadata.hasOffset()) {
      targetEnds.merge(
          new TopicPartition(metadata.topic(), metadata.partition()),
          metadata.offset() + 1,
          Math::max);
    }
  }

  /**
   * Copies the remaining records.
   *
   * @param from how far it has come
   * @param resumed whether the target may hold records beyond the ends that were written down;
   *     those are not copied again
   * @param rate null = as fast as it goes
   * @return records that the target has in the end, those of earlier attempts included
   */
  long run(ReplayState from, boolean resumed, Rate rate) throws IOException {
    targetEnds.putAll(from.targetEnds());
    CopiedRecords copiedBefore = resumed ? findCopied(from.targetEnds()) : new CopiedRecords();
    long total = from.copied();
    for (Map.Entry<TopicPartition, Long> end : from.ends().entrySet()) {
      total += Math.max(0, end.getValue() - from.next().get(end.getKey()));
    }
    Progress progress = new Progress(session.terminal(), "copied", total);
    Map<TopicPartition, Long> next = new TreeMap<>(from.next());
    long copied = from.copied();
    noted = copied;
    session.whenInterrupted(() -> copiedSoFar(noted));
    try (Consumer<byte[], byte[]> consumer = open(next, from.ends());
        Producer<byte[], byte[]> producer =
            session.producer(client, target, Session.DEFAULT_BATCH_BYTES).build()) {
      long startedNanos = System.nanoTime();
      long notedNanos = startedNanos;
      long heardNanos = startedNanos;
      long sent = 0;
      while (!consumer.assignment().isEmpty()) {
        List<ConsumerRecord<byte[], byte[]>> polled =
            pollOrNote(consumer, producer, from, next, copied);
        throwIfAnyFailed(producer);
        if (polled.isEmpty() && System.nanoTime() - heardNanos >= session.timeout().toNanos()) {
          note(producer, from, next, copied);
          throw stalled(consumer.assignment(), total - copied);
        }
        for (ConsumerRecord<byte[], byte[]> record : polled) {
          TopicPartition partition = record.topicPartition();
          if (record.offset() >= from.ends().get(partition)) {
            continue;
          }
          if (!copiedBefore.remove(record)) {
            if (rate != null) {
              Rate.awaitDue(rate.dueNanos(startedNanos, sent));
            }
            producer.send(copyOf(record), acknowledgement);
            sent++;
          }
          next.put(partition, record.offset() + 1);
          copied++;
          progress.update(copied);
          if (System.nanoTime() - notedNanos > NOTE_NANOS) {
            note(producer, from, next, copied);
            notedNanos = System.nanoTime();
          }
        }
        if (!polled.isEmpty()) {
          heardNanos = System.nanoTime(); // not before: copying them has taken its time
        }
        keepUnfinished(consumer, from.ends());
      }
      note(producer, from, next, copied);
    }
    progress.end();
    session.whenInterrupted(null);
    Files.deleteIfExists(stateFile);
    return copied;
  }

  /** Polls; when the source cannot be read on, writes down how far the copy has come. */
  private List<ConsumerRecord<byte[], byte[]>> pollOrNote(
      Consumer<byte[], byte[]> consumer,
      Producer<byte[], byte[]> producer,
      ReplayState from,
      Map<TopicPartition, Long> next,
      long copied)
      throws IOException {
    try {
      return consumer.poll(POLL);
    } catch (TailraceException e) {
      note(producer, from, next, copied);
      throw CommandException.refused(ErrorReport.explain(e) + "; " + copiedSoFar(copied), e);
    }
  }

  private static String copiedSoFar(long records) {
    return Quantities.counted(records, "record")
        + (records == 1 ? " was" : " were")
        + " copied, and the same command goes on from there";
  }

  /** The records in the target beyond these ends. */
  private CopiedRecords findCopied(Map<TopicPartition, Long> ends) {
    CopiedRecords copied = new CopiedRecords();
    ends.forEach(
        (partition, end) ->
            client
                .<byte[], byte[]>consumer(Serdes.bytes(), Serdes.bytes())
                .onCorruptRecords(corruptRecords)
                .replay(List.of(partition), Position.offset(end), Position.latest())
                .forEach(copied::add));
    return copied;
  }

  private Consumer<byte[], byte[]> open(
      Map<TopicPartition, Long> next, Map<TopicPartition, Long> ends) {
    List<TopicPartition> unfinished =
        next.keySet().stream()
            .filter(partition -> next.get(partition) < ends.get(partition))
            .toList();
    Consumer<byte[], byte[]> consumer =
        client
            .<byte[], byte[]>consumer(Serdes.bytes(), Serdes.bytes())
            .onCorruptRecords(corruptRecords)
            .assign(unfinished)
            .build();
    unfinished.forEach(partition -> consumer.seek(partition, next.get(partition)));
    return consumer;
  }

  private static void keepUnfinished(
      Consumer<byte[], byte[]> consumer, Map<TopicPartition, Long> ends) {
    List<TopicPartition> unfinished =
        consumer.assignment().stream()
            .filter(partition -> consumer.position(partition) < ends.get(partition))
            .toList();
    if (unfinished.size() < consumer.assignment().size()) {
      consumer.assign(unfinished);
    }
  }

  private Message<byte[], byte[]> copyOf(ConsumerRecord<byte[], byte[]> record) {
    Message<byte[], byte[]> message =
        Message.of(target, record.key(), record.value()).headers(record.headers());
    if (record.timestampMs() >= 0) {
      message = message.timestampMs(record.timestampMs());
    }
    return samePartitions ? message.partition(record.partition()) : message;
  }

  private void note(
      Producer<byte[], byte[]> producer,
      ReplayState from,
      Map<TopicPartition, Long> next,
      long copied)
      throws IOException {
    producer.flush();
    throwIfAnyFailed(producer);
    new ReplayState(
            from.sourceId(),
            from.targetId(),
            from.startedMs(),
            copied,
            next,
            from.ends(),
            new HashMap<>(targetEnds))
        .write(stateFile);
    noted = copied;
  }

  private void throwIfAnyFailed(Producer<byte[], byte[]> producer) {
    TailraceException failed = failure.get();
    if (failed != null) {
      producer.close(Duration.ZERO); // the next run finds the records that still arrived
      throw failed;
    }
  }

  /**
   * The last saved progress stays valid: the next run finds the records that arrived since then.
   */
  private CommandException stalled(Set<TopicPartition> unfinished, long left) {
    return CommandException.refused(
        "nothing came of "
            + unfinished.stream().map(TopicPartition::toString).collect(Collectors.joining(", "))
            + " for "
            + Quantities.duration(session.timeout())
            + ", with "
            + Quantities.counted(left, "record")
            + " left; the same command goes on where this one was");
  }
}
