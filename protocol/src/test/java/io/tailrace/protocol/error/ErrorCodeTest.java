package io.tailrace.protocol.error;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ErrorCodeTest {
  /** Released numbers. A new code gets a new line here; a line never changes. */
  private static final Map<Integer, String> GOLDEN =
      parse(
          """
          0 NONE
          1 UNKNOWN
          10 INVALID_REQUEST
          11 UNSUPPORTED_API
          12 UNSUPPORTED_VERSION
          13 HANDSHAKE_REQUIRED
          14 FRAME_TOO_LARGE
          15 CORRUPT_BATCH
          16 BATCH_TOO_LARGE
          17 UNSUPPORTED_COMPRESSION
          18 INVALID_TOPIC_NAME
          19 INVALID_PARTITIONS
          20 INVALID_REPLICATION_FACTOR
          21 INVALID_CONFIG
          22 INVALID_TIMESTAMP
          23 INVALID_RECORD
          30 UNKNOWN_TOPIC
          31 UNKNOWN_PARTITION
          32 TOPIC_EXISTS
          33 TOPIC_ID_MISMATCH
          34 OFFSET_OUT_OF_RANGE
          35 UNKNOWN_RESOURCE
          36 UNKNOWN_FETCH_SESSION
          37 INTERNAL_TOPIC
          50 NOT_LEADER
          51 LEADER_NOT_AVAILABLE
          52 FENCED_LEADER_EPOCH
          53 UNKNOWN_LEADER_EPOCH
          54 NOT_CONTROLLER
          55 BROKER_NOT_AVAILABLE
          56 METADATA_UNAVAILABLE
          57 NOT_ENOUGH_REPLICAS
          70 OVERLOADED
          71 DISK_FULL
          72 STORAGE_ERROR
          73 CORRUPT_LOG
          74 SHUTTING_DOWN
          90 REQUEST_TIMED_OUT
          91 OUTCOME_UNKNOWN
          100 DUPLICATE_SEQUENCE
          101 OUT_OF_ORDER_SEQUENCE
          102 FENCED_PRODUCER_EPOCH
          103 UNKNOWN_PRODUCER_ID
          120 CLIENT_CLOSED
          121 DELIVERY_TIMED_OUT
          122 BUFFER_FULL
          123 SERIALIZATION
          124 RECORD_TOO_LARGE
          125 CONNECTION_FAILED
          126 INTERRUPTED
          140 COORDINATOR_LOADING
          141 COORDINATOR_NOT_AVAILABLE
          142 NOT_COORDINATOR
          143 UNKNOWN_MEMBER
          144 FENCED_MEMBER_EPOCH
          145 STALE_MEMBER_EPOCH
          146 GROUP_NOT_EMPTY
          147 UNKNOWN_GROUP
          148 INVALID_GROUP_ID
          149 UNRELEASED_INSTANCE_ID
          150 UNSUPPORTED_ASSIGNOR
          151 NO_OFFSET
          """);

  @Test
  void numbersNeverChange() {
    GOLDEN.forEach((number, name) -> assertEquals(number, ErrorCode.valueOf(name).number(), name));
  }

  @Test
  void noTwoCodesShareANumber() {
    Map<Integer, ErrorCode> seen = new HashMap<>();
    for (ErrorCode code : ErrorCode.values()) {
      assertNull(seen.put(code.number(), code), code + " has the number of another code");
      assertSame(code, ErrorCode.of(code.number()));
    }
  }

  @Test
  void aNumberFromANewerBrokerIsUnknown() {
    assertSame(ErrorCode.UNKNOWN, ErrorCode.of(99_999));
    assertSame(ErrorCode.UNKNOWN, ErrorCode.of(-1));
  }

  @Test
  void everyCodeSaysWhatItMeans() {
    for (ErrorCode code : ErrorCode.values()) {
      assertFalse(code.meaning().isBlank(), code.name());
    }
  }

  private static Map<Integer, String> parse(String lines) {
    Map<Integer, String> numbers = new HashMap<>();
    for (String line : lines.lines().toList()) {
      int space = line.indexOf(' ');
      numbers.put(Integer.valueOf(line.substring(0, space)), line.substring(space + 1));
    }
    return numbers;
  }
}
