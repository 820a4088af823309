package io.tailrace.broker.service;

import io.tailrace.broker.log.LogSummary;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionRegistry;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Describes the logs on this broker. Opens none: there may be thousands that have not been used
 * since the start. Thread-safe.
 */
public final class LogService {
  private static final Logger LOG = LoggerFactory.getLogger(LogService.class);

  private final PartitionRegistry registry;

  public LogService(PartitionRegistry registry) {
    this.registry = registry;
  }

  /**
   * Describes logs, without those that cannot be looked at.
   *
   * @param topics empty = every topic
   * @param done told once, on any thread
   */
  public void describe(Collection<String> topics, Consumer<List<DescribedLog>> done) {
    List<Partition> partitions = new ArrayList<>();
    if (topics.isEmpty()) {
      partitions.addAll(registry.all());
    } else {
      topics.forEach(topic -> partitions.addAll(registry.ofTopic(topic)));
    }
    List<CompletableFuture<DescribedLog>> logs = partitions.stream().map(this::describe).toList();
    CompletableFuture.allOf(logs.toArray(CompletableFuture[]::new))
        .whenComplete(
            (all, error) ->
                done.accept(
                    logs.stream()
                        .filter(log -> !log.isCompletedExceptionally())
                        .map(CompletableFuture::join)
                        .toList()));
  }

  private CompletableFuture<DescribedLog> describe(Partition partition) {
    CompletableFuture<DescribedLog> described = new CompletableFuture<>();
    Runnable task =
        () -> {
          if (partition.isOpen()) {
            described.complete(ofOpen(partition));
          } else {
            registry
                .summary(partition)
                .whenComplete((summary, error) -> complete(described, partition, summary, error));
          }
        };
    partition
        .scheduler()
        .runOrExecute(
            UnexpectedError.guard(
                "the description of " + partition, task, described::completeExceptionally));
    return described;
  }

  private static void complete(
      CompletableFuture<DescribedLog> described,
      Partition partition,
      LogSummary summary,
      Throwable error) {
    if (error != null) {
      LOG.warn("{}: its log cannot be looked at: {}", partition, error.toString());
      described.completeExceptionally(error);
    } else {
      described.complete(ofSummary(partition, summary));
    }
  }

  private static DescribedLog ofOpen(Partition partition) {
    return new DescribedLog(
        partition.topic(),
        partition.id().partition(),
        partition.log().logStartOffset(),
        partition.log().logEndOffset(),
        partition.highWatermark(),
        partition.log().sizeInBytes(),
        partition.log().segmentCount());
  }

  private static DescribedLog ofSummary(Partition partition, LogSummary summary) {
    return new DescribedLog(
        partition.topic(),
        partition.id().partition(),
        summary.logStartOffset(),
        summary.logEndOffset(),
        summary.logEndOffset(),
        summary.sizeInBytes(),
        summary.segmentCount());
  }
}
