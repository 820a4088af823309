package io.tailrace.client.queue;

import io.tailrace.client.BrowsedMessage;
import io.tailrace.client.QueueDescription;
import io.tailrace.client.Redrive;
import io.tailrace.client.TailraceException;
import io.tailrace.client.metadata.ClusterAccess;
import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Finds dead-letter queues, looks into queues, and sends dead letters back. Thread-safe. */
public final class DeadLetterCalls {
  private static final String SUFFIX = ".dlq";

  private final ClusterAccess cluster;
  private final QueueCalls queues;

  public DeadLetterCalls(ClusterAccess cluster, QueueCalls queues) {
    this.cluster = cluster;
    this.queues = queues;
  }

  /** Every dead-letter queue, with what it holds. */
  public CompletableFuture<List<QueueDescription>> list() {
    return queues
        .list()
        .thenCompose(
            all -> {
              List<CompletableFuture<QueueDescription>> described = new ArrayList<>();
              for (QueueDescription each : all) {
                if (each.deadLettersOf() != null) {
                  described.add(queues.describe(each.name()));
                }
              }
              return CompletableFuture.allOf(described.toArray(CompletableFuture<?>[]::new))
                  .thenApply(done -> described.stream().map(CompletableFuture::join).toList());
            });
  }

  /** The dead-letter queue of a queue; that queue itself when it is one. */
  public CompletableFuture<QueueDescription> find(String queue) {
    return queues
        .list()
        .thenCompose(
            all -> {
              QueueDescription named = byName(all, queue);
              if (named != null && named.deadLettersOf() != null) {
                return queues.describe(queue);
              }
              QueueDescription letters = byName(all, queue + SUFFIX);
              if (letters != null && letters.deadLettersOf() != null) {
                return queues.describe(letters.name());
              }
              return CompletableFuture.failedFuture(
                  new TailraceException(
                      ErrorCode.UNKNOWN_QUEUE,
                      named == null
                          ? "there is no queue '" + queue + "', and no '" + queue + SUFFIX + "'"
                          : "queue '"
                              + queue
                              + "' has no dead-letter queue; its first dead letter makes one"));
            });
  }

  private static QueueDescription byName(List<QueueDescription> all, String name) {
    return all.stream().filter(each -> each.name().equals(name)).findFirst().orElse(null);
  }

  /** The oldest messages of a queue, which are not taken. */
  public CompletableFuture<List<BrowsedMessage>> browse(String queue, int max) {
    return queues
        .find(queue)
        .thenCompose(
            found ->
                queues.everywhere(
                    found, (broker, at) -> new QueueBrowser(cluster, found, at).oldest(max)))
        .thenApply(
            parts -> {
              List<BrowsedMessage> all = new ArrayList<>();
              parts.forEach(all::addAll);
              return all.size() <= max ? all : List.copyOf(all.subList(0, max));
            });
  }

  /** Sends dead letters back; completes with how many. */
  public CompletableFuture<Long> redrive(Redrive redrive) {
    return find(redrive.queue())
        .thenCompose(letters -> queues.find(letters.name()))
        .thenCombine(
            queues.list(), (letters, all) -> new RedriveRun(cluster, queues, redrive, letters, all))
        .thenCompose(RedriveRun::run);
  }
}
