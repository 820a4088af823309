package io.tailrace.client.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tailrace.client.CreatedTopic;
import io.tailrace.client.PartitionDescription;
import io.tailrace.client.TailraceException;
import io.tailrace.client.Topic;
import io.tailrace.client.TopicDescription;
import io.tailrace.protocol.error.ErrorCode;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TopicCreationTest {
  private static final long TIMEOUT_NANOS = 10;
  private static final UUID ID = new UUID(1, 2);

  private final Topic large = Topic.named("large").partitions(2);
  private long nowNanos;
  private int looks;

  @ParameterizedTest
  @EnumSource(
      value = ErrorCode.class,
      names = {"OUTCOME_UNKNOWN", "REQUEST_TIMED_OUT"})
  void waitsForATopicThatTakesLongerThanItsRequest(ErrorCode unknown) {
    CreatedTopic created = creation(unknown, 3, 2).create(large, TIMEOUT_NANOS);

    assertEquals(new CreatedTopic("large", ID, 2, 1), created);
    assertEquals(3, looks);
  }

  @Test
  void saysThatItIsUnknownWhenTheTopicDoesNotCome() {
    TopicCreation never = creation(ErrorCode.OUTCOME_UNKNOWN, Integer.MAX_VALUE, 2);

    assertEquals(ErrorCode.OUTCOME_UNKNOWN, failure(never));
    assertEquals(TIMEOUT_NANOS, looks);
  }

  @Test
  void doesNotTakeAnotherTopicOfThatNameForIt() {
    assertEquals(ErrorCode.OUTCOME_UNKNOWN, failure(creation(ErrorCode.OUTCOME_UNKNOWN, 1, 7)));
  }

  @Test
  void doesNotWaitForWhatWasRefused() {
    assertEquals(ErrorCode.TOPIC_EXISTS, failure(creation(ErrorCode.TOPIC_EXISTS, 1, 2)));
    assertEquals(0, looks);
  }

  private ErrorCode failure(TopicCreation creation) {
    return assertThrows(TailraceException.class, () -> creation.create(large, TIMEOUT_NANOS))
        .code();
  }

  /**
   * @param answer of the cluster to the request
   * @param madeAtLook the topic is there when it is looked for so many times
   * @param partitions that it has then
   */
  private TopicCreation creation(ErrorCode answer, int madeAtLook, int partitions) {
    return new TopicCreation(
        asked -> {
          throw new TailraceException(answer, "the answer");
        },
        () -> {
          if (++looks < madeAtLook) {
            throw new TailraceException(ErrorCode.UNKNOWN_TOPIC, "not there");
          }
          return described(partitions);
        },
        () -> nowNanos,
        () -> nowNanos++);
  }

  private static TopicDescription described(int partitions) {
    PartitionDescription partition =
        new PartitionDescription(0, OptionalInt.of(0), 0, List.of(0), List.of(0), List.of());
    return new TopicDescription("large", ID, "log", Collections.nCopies(partitions, partition));
  }
}
