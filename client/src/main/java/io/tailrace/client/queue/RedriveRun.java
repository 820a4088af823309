package io.tailrace.client.queue;

import io.tailrace.client.BrowsedMessage;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.DeadLetterHeaders;
import io.tailrace.client.QueueDescription;
import io.tailrace.client.Redrive;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.metadata.ClusterAccess;
import io.tailrace.client.metadata.PartitionLeader;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.PrepareForwardingRequest;
import io.tailrace.protocol.message.PrepareForwardingResponse;
import io.tailrace.protocol.message.QueuePartition;
import io.tailrace.protocol.message.RedriveRequest;
import io.tailrace.protocol.message.RedriveResponse;
import io.tailrace.protocol.record.RecordHeader;
import io.tailrace.protocol.topic.Ids;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/**
 * One redrive: looks through a dead-letter queue, partition after partition and page by page, and
 * has the leader send what was chosen back to its queues. One step at a time; each continues where
 * the answer to the last one arrives.
 */
final class RedriveRun {
  private static final int PAGE_MESSAGES = 500;

  private final ClusterAccess cluster;
  private final QueueCalls queues;
  private final Redrive redrive;
  private final io.tailrace.protocol.message.QueueDescription letters;
  private final Map<UUID, QueueDescription> known = new HashMap<>();
  private final Set<UUID> prepared = new HashSet<>();
  private final long startedMs;
  private QueueDescription into;
  private long done;

  RedriveRun(
      ClusterAccess cluster,
      QueueCalls queues,
      Redrive redrive,
      io.tailrace.protocol.message.QueueDescription letters,
      List<QueueDescription> all) {
    this.cluster = cluster;
    this.queues = queues;
    this.redrive = redrive;
    this.letters = letters;
    this.startedMs = cluster.network().clock().monotonicMs();
    for (QueueDescription each : all) {
      known.put(each.id(), each);
      if (each.name().equals(redrive.into())) {
        into = each;
      }
    }
  }

  /** Completes with how many messages were sent back. */
  CompletableFuture<Long> run() {
    if (redrive.into() != null && into == null) {
      return CompletableFuture.failedFuture(
          new TailraceException(
              ErrorCode.UNKNOWN_QUEUE, "there is no queue '" + redrive.into() + "'"));
    }
    return queues
        .everywhere(letters, (broker, at) -> CompletableFuture.completedFuture(at))
        .thenCompose(
            partitions -> {
              CompletableFuture<Void> all = CompletableFuture.completedFuture(null);
              for (QueuePartition at : partitions) {
                QueueBrowser browser = new QueueBrowser(cluster, letters, at);
                all = all.thenCompose(before -> pages(browser, at, 0, Long.MAX_VALUE));
              }
              return all;
            })
        .thenApply(all -> done);
  }

  private CompletableFuture<Void> pages(
      QueueBrowser browser, QueuePartition at, long from, long end) {
    if (done >= redrive.max() || from >= end) {
      return CompletableFuture.completedFuture(null);
    }
    return browser
        .page(from, PAGE_MESSAGES)
        .thenCompose(
            page -> {
              long until = Math.min(end, page.end());
              return send(at, chosen(page.messages(), until))
                  .thenCompose(
                      sent ->
                          page.next() < 0
                              ? CompletableFuture.completedFuture(null)
                              : pages(browser, at, page.next(), until));
            });
  }

  /** The offsets of those to be sent, by the queue that they go to. */
  private Map<UUID, List<Long>> chosen(List<BrowsedMessage> messages, long end) {
    Map<UUID, List<Long>> byTarget = new LinkedHashMap<>();
    long left = redrive.max() - done;
    for (BrowsedMessage message : messages) {
      ConsumerRecord<byte[], byte[]> record = message.record();
      if (left > 0
          && record.offset() < end
          && message.state() != BrowsedMessage.State.HELD
          && matches(record)) {
        byTarget.computeIfAbsent(target(record), id -> new ArrayList<>()).add(record.offset());
        left--;
      }
    }
    return byTarget;
  }

  private boolean matches(ConsumerRecord<byte[], byte[]> record) {
    return (redrive.reason() == null
            || redrive.reason().equals(header(record, DeadLetterHeaders.REASON)))
        && (redrive.from() == null || !record.timestamp().isBefore(redrive.from()))
        && (redrive.to() == null || record.timestamp().isBefore(redrive.to()))
        && (redrive.key() == null
            || (record.key() != null
                && redrive.key().equals(new String(record.key(), StandardCharsets.UTF_8))));
  }

  private UUID target(ConsumerRecord<byte[], byte[]> record) {
    if (into != null) {
      return into.id();
    }
    String id = header(record, DeadLetterHeaders.QUEUE_ID);
    try {
      UUID queue = UUID.fromString(id == null ? "" : id);
      if (known.containsKey(queue)) {
        return queue;
      }
    } catch (IllegalArgumentException e) {
      // told below
    }
    String name = header(record, DeadLetterHeaders.QUEUE);
    throw new TailraceException(
        ErrorCode.UNKNOWN_QUEUE,
        name == null
            ? "a message does not say in which queue it died; name one that gets it"
            : "queue '"
                + name
                + "', in which a message died, is gone; name another one that gets it");
  }

  private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
    RecordHeader header = record.header(name);
    return header == null ? null : header.valueAsString();
  }

  private CompletableFuture<Void> send(QueuePartition at, Map<UUID, List<Long>> byTarget) {
    CompletableFuture<Void> all = CompletableFuture.completedFuture(null);
    for (Map.Entry<UUID, List<Long>> each : byTarget.entrySet()) {
      if (redrive.dryRun()) {
        done += each.getValue().size();
      } else {
        all =
            all.thenCompose(before -> prepare(each.getKey()))
                .thenCompose(ready -> step(at, each.getKey(), each.getValue()));
      }
    }
    return all;
  }

  /** Sees to it that the queue has an inbox. */
  private CompletableFuture<Void> prepare(UUID target) {
    if (!prepared.add(target)) {
      return CompletableFuture.completedFuture(null);
    }
    String name = known.get(target).name();
    return cluster
        .calls()
        .controller(
            QueueCalls.call(
                ApiKey.PREPARE_FORWARDING,
                PrepareForwardingRequest.newBuilder()
                    .setQueue(name)
                    .setQueueId(Ids.toMessage(target))
                    .setKind(PrepareForwardingRequest.Kind.INBOX)
                    .build(),
                PrepareForwardingResponse.parser(),
                PrepareForwardingResponse::getErrorCode,
                PrepareForwardingResponse::getErrorMessage,
                true,
                name))
        .thenApply(made -> null);
  }

  private CompletableFuture<Void> step(QueuePartition at, UUID target, List<Long> offsets) {
    if (offsets.isEmpty()) {
      return CompletableFuture.completedFuture(null);
    }
    List<Long> now = offsets.subList(0, Math.min(offsets.size(), atOnce()));
    return pause()
        .thenCompose(waited -> ask(at, target, now))
        .thenCompose(
            response -> {
              done += response.getRedrivenCount();
              redrive.progress().accept(done);
              int examined = Math.max(1, Math.min(now.size(), response.getExamined()));
              return step(at, target, offsets.subList(examined, offsets.size()));
            });
  }

  private CompletableFuture<RedriveResponse> ask(
      QueuePartition at, UUID target, List<Long> offsets) {
    RedriveRequest request =
        RedriveRequest.newBuilder()
            .setQueue(letters.getName())
            .setQueueId(letters.getId())
            .setAt(at)
            .addAllOffsets(offsets)
            .setTargetQueueId(Ids.toMessage(target))
            .setTimeoutMs(cluster.network().config().requestTimeoutMs())
            .build();
    return cluster
        .calls()
        .at(
            new PartitionLeader(cluster, new TopicPartition(at.getTopic(), at.getPartition())),
            QueueCalls.call(
                ApiKey.REDRIVE,
                request,
                RedriveResponse.parser(),
                RedriveResponse::getErrorCode,
                RedriveResponse::getErrorMessage,
                false,
                letters.getName()));
  }

  private int atOnce() {
    return redrive.perSecond() <= 0
        ? PAGE_MESSAGES
        : (int) Math.max(1, Math.min(PAGE_MESSAGES, redrive.perSecond() / 10));
  }

  /** Waits until the rate allows more. */
  private CompletableFuture<Void> pause() {
    CompletableFuture<Void> due = new CompletableFuture<>();
    long elapsedMs = cluster.network().clock().monotonicMs() - startedMs;
    long waitMs =
        redrive.perSecond() <= 0 ? 0 : (long) (done * 1_000 / redrive.perSecond()) - elapsedMs;
    if (waitMs <= 0) {
      due.complete(null);
    } else {
      cluster.network().scheduler().schedule(() -> due.complete(null), waitMs);
    }
    return due;
  }
}
