package io.tailrace.client.producer;

import com.google.protobuf.MessageLite;
import io.tailrace.client.RecordMetadata;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.metadata.ClusterAccess;
import io.tailrace.client.metadata.ClusterCalls.Call;
import io.tailrace.client.metadata.PartitionLeader;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.FindRoutedRequest;
import io.tailrace.protocol.message.FindRoutedResponse;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Asks the leaders of partitions whether any queue matches records that were acknowledged: one
 * request at a time for each partition, with the questions that came meanwhile in the next one.
 * Confined to the network's scheduler, but for {@link #ask}.
 */
final class RoutingQuestions {
  private static final int MAX_OFFSETS = 2_000;

  private final ClusterAccess cluster;
  private final Map<TopicPartition, Waiting> partitions = new HashMap<>();

  private record Question(long offset, CompletableFuture<Boolean> answer) {}

  private static final class Waiting {
    private final List<Question> questions = new ArrayList<>();
    private boolean asking;
  }

  RoutingQuestions(ClusterAccess cluster) {
    this.cluster = cluster;
  }

  /** Completes with whether a queue matches the record. Thread-safe. */
  CompletableFuture<Boolean> ask(RecordMetadata record) {
    CompletableFuture<Boolean> answer = new CompletableFuture<>();
    if (!record.hasOffset()) {
      answer.completeExceptionally(
          new TailraceException(
              ErrorCode.OUTCOME_UNKNOWN,
              "a record was written to "
                  + record.topic()
                  + "-"
                  + record.partition()
                  + ", but not where is known, and so not whether a queue matches it"));
      return answer;
    }
    TopicPartition at = new TopicPartition(record.topic(), record.partition());
    cluster
        .network()
        .scheduler()
        .runOrExecute(
            () -> {
              Waiting waiting = partitions.computeIfAbsent(at, each -> new Waiting());
              waiting.questions.add(new Question(record.offset(), answer));
              send(at, waiting);
            });
    return answer;
  }

  private void send(TopicPartition at, Waiting waiting) {
    if (waiting.asking) {
      return;
    }
    if (waiting.questions.isEmpty()) {
      partitions.remove(at);
      return;
    }
    waiting.questions.sort(Comparator.comparingLong(Question::offset));
    List<Question> asked =
        List.copyOf(waiting.questions.subList(0, Math.min(MAX_OFFSETS, waiting.questions.size())));
    waiting.questions.subList(0, asked.size()).clear();
    waiting.asking = true;
    MessageLite request =
        FindRoutedRequest.newBuilder()
            .setTopic(at.topic())
            .setPartition(at.partition())
            .addAllOffsets(asked.stream().map(Question::offset).toList())
            .build();
    cluster
        .calls()
        .at(
            new PartitionLeader(cluster, at),
            new Call<>(
                ApiKey.FIND_ROUTED,
                request,
                FindRoutedResponse.parser(),
                FindRoutedResponse::getErrorCode,
                FindRoutedResponse::getErrorMessage,
                true,
                at.topic() + "-" + at.partition()))
        .whenComplete(
            (response, error) ->
                cluster
                    .network()
                    .scheduler()
                    .runOrExecute(() -> onAnswer(at, waiting, asked, response, error)));
  }

  private void onAnswer(
      TopicPartition at,
      Waiting waiting,
      List<Question> asked,
      FindRoutedResponse response,
      Throwable error) {
    waiting.asking = false;
    if (error != null) {
      Throwable cause = error instanceof CompletionException ? error.getCause() : error;
      asked.forEach(each -> each.answer.completeExceptionally(cause));
    } else {
      Set<Integer> unrouted = new HashSet<>(response.getUnroutedList());
      for (int i = 0; i < asked.size(); i++) {
        if (i < response.getAnswered()) {
          asked.get(i).answer.complete(!unrouted.contains(i));
        } else {
          waiting.questions.add(asked.get(i));
        }
      }
    }
    send(at, waiting);
  }
}
