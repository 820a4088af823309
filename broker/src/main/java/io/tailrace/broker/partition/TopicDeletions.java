package io.tailrace.broker.partition;

import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.LogStore;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.MetadataValue;
import io.tailrace.protocol.port.Scheduler;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes the files of deleted topics, and confirms it to the cluster. Acts on recorded deletions
 * only: a topic that is missing from an image is not deleted. A deletion that a kill interrupted is
 * still recorded, so that the next start finishes it. Thread-safe; {@link #onImage} belongs to the
 * metadata store's thread.
 */
final class TopicDeletions {
  private static final Logger LOG = LoggerFactory.getLogger(TopicDeletions.class);
  private static final long RETRY_MS = 1_000;

  private final int brokerId;
  private final LogStore store;
  private final Scheduler retries;
  private final Function<UUID, CompletionStage<Void>> confirm;
  private final Set<UUID> underWay = ConcurrentHashMap.newKeySet();
  private volatile boolean stopped;

  /**
   * @param retries where failed deletions are tried again from
   * @param confirm says to the cluster that this broker's files of the topic are gone
   */
  TopicDeletions(
      int brokerId,
      LogStore store,
      Scheduler retries,
      Function<UUID, CompletionStage<Void>> confirm) {
    this.brokerId = brokerId;
    this.store = store;
    this.retries = retries;
    this.confirm = confirm;
  }

  /**
   * Logs that partitions used until now.
   *
   * @param closed completes when none of them is open any more
   */
  record Closing(CompletionStage<Void> closed, Set<LogId> logs) {
    static final Closing NONE = new Closing(CompletableFuture.completedFuture(null), Set.of());
  }

  /**
   * Begins the deletions that the image records, wait for this broker and are not under way.
   *
   * @param closing by topic id, the partitions that were stopped since the last image
   */
  void onImage(ClusterImage image, Map<UUID, Closing> closing) {
    for (Map.Entry<UUID, MetadataValue.Deletion> recorded : image.deletions().entrySet()) {
      UUID topicId = recorded.getKey();
      if (recorded.getValue().pending().contains(brokerId) && underWay.add(topicId)) {
        Closing used = closing.getOrDefault(topicId, Closing.NONE);
        // A log that is opened for the first time just now may not be on disk yet.
        Set<LogId> logs = new HashSet<>(used.logs());
        store.list().stream().filter(log -> log.topicId().equals(topicId)).forEach(logs::add);
        Deletion deletion = new Deletion(topicId, recorded.getValue().topic(), logs);
        used.closed().thenRun(() -> delete(deletion));
      }
    }
  }

  private record Deletion(UUID topicId, String topic, Set<LogId> logs) {}

  private void delete(Deletion deletion) {
    CompletableFuture<?>[] deleted =
        deletion.logs().stream()
            .map(log -> store.delete(log).toCompletableFuture())
            .toArray(CompletableFuture[]::new);
    CompletableFuture.allOf(deleted)
        .thenCompose(done -> confirm.apply(deletion.topicId()))
        .whenComplete(
            (done, failure) -> {
              if (failure == null) {
                underWay.remove(deletion.topicId());
                LOG.info(
                    "deleted {} logs of topic {} ({})",
                    deleted.length,
                    deletion.topic(),
                    deletion.topicId());
              } else if (!stopped) {
                LOG.warn(
                    "the deletion of topic {} ({}) is not complete and is tried again: {}",
                    deletion.topic(),
                    deletion.topicId(),
                    failure.toString());
                retries.schedule(() -> retry(deletion), RETRY_MS);
              }
            });
  }

  private void retry(Deletion deletion) {
    if (!stopped) {
      delete(deletion);
    }
  }

  /** Tries nothing again from now on. */
  void stop() {
    stopped = true;
  }
}
