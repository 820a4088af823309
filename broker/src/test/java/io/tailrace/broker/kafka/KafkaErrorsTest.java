package io.tailrace.broker.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tailrace.protocol.error.ErrorCode;
import java.util.EnumSet;
import java.util.Set;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The table of errors. */
class KafkaErrorsTest {
  /** Kafka's clients try these again, or not, as they treat them by name. */
  private static final Set<ErrorCode> TREATED_BY_NAME =
      EnumSet.of(
          ErrorCode.UNKNOWN_FETCH_SESSION, // begins a new session
          ErrorCode.INVALID_BROKER_EPOCH, // of brokers only
          ErrorCode.UNRELEASED_INSTANCE_ID, // the member that comes second gives up, as in Kafka
          ErrorCode.CORRUPT_BATCH, // Kafka's clients send such a batch once more
          ErrorCode.CORRUPT_LOG, // consumers stop at it, by name
          ErrorCode.UNKNOWN_PARTITION, // Kafka has one code for topics and partitions
          ErrorCode.TOPIC_ID_MISMATCH, // ask for the topic's new id
          ErrorCode.DELIVERY_TIMED_OUT); // never crosses the wire

  @ParameterizedTest
  @EnumSource(ErrorCode.class)
  void aClientTriesAgainWhereTryingAgainHelps(ErrorCode code) {
    Errors error = KafkaErrors.of(code);
    if (code == ErrorCode.NONE) {
      assertEquals(Errors.NONE, error);
    } else if (!TREATED_BY_NAME.contains(code)) {
      assertEquals(
          code.retriable(), error.exception() instanceof RetriableException, code + " " + error);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "UNKNOWN, -1",
    "OFFSET_OUT_OF_RANGE, 1",
    "CORRUPT_BATCH, 2",
    "UNKNOWN_TOPIC, 3",
    "UNKNOWN_PARTITION, 3",
    "LEADER_NOT_AVAILABLE, 5",
    "NOT_LEADER, 6",
    "SHUTTING_DOWN, 6",
    "REQUEST_TIMED_OUT, 7",
    "OUTCOME_UNKNOWN, 7",
    "OVERLOADED, 7",
    "BATCH_TOO_LARGE, 10",
    "COORDINATOR_LOADING, 14",
    "COORDINATOR_NOT_AVAILABLE, 15",
    "NOT_COORDINATOR, 16",
    "INVALID_TOPIC_NAME, 17",
    "INTERNAL_TOPIC, 17",
    "NOT_ENOUGH_REPLICAS, 19",
    "INVALID_GROUP_ID, 24",
    "UNKNOWN_MEMBER, 25",
    "INVALID_TIMESTAMP, 32",
    "UNSUPPORTED_VERSION, 35",
    "TOPIC_EXISTS, 36",
    "INVALID_PARTITIONS, 37",
    "INVALID_REPLICATION_FACTOR, 38",
    "INVALID_CONFIG, 40",
    "NOT_CONTROLLER, 41",
    "INVALID_REQUEST, 42",
    "EXCHANGE_IN_USE, 44",
    "OUT_OF_ORDER_SEQUENCE, 45",
    "DUPLICATE_SEQUENCE, 46",
    "FENCED_PRODUCER_EPOCH, 47",
    "STORAGE_ERROR, 56",
    "DISK_FULL, 56",
    "UNKNOWN_PRODUCER_ID, 59",
    "GROUP_NOT_EMPTY, 68",
    "UNKNOWN_GROUP, 69",
    "UNKNOWN_FETCH_SESSION, 70",
    "FENCED_LEADER_EPOCH, 74",
    "UNKNOWN_LEADER_EPOCH, 75",
    "UNSUPPORTED_COMPRESSION, 76",
    "UNKNOWN_RESOURCE, 91",
    "TOPIC_ID_MISMATCH, 100",
    "FENCED_MEMBER_EPOCH, 110",
    "UNRELEASED_INSTANCE_ID, 111",
    "UNSUPPORTED_ASSIGNOR, 112",
    "STALE_MEMBER_EPOCH, 113"
  })
  void eachCodeHasKafkasNumber(ErrorCode code, short number) {
    assertEquals(number, KafkaErrors.of(code).code());
  }

  @Test
  void aPartWithoutAnErrorHasNone() {
    assertEquals(Errors.NONE, KafkaErrors.of((io.tailrace.broker.partition.PartitionError) null));
  }
}
