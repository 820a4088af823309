package io.tailrace.client.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.client.PartitionDescription;
import io.tailrace.client.ReplicaBatches;
import io.tailrace.client.ReplicaBatches.Batch;
import io.tailrace.client.TailraceException;
import io.tailrace.client.cli.ReplicaComparison.Result;
import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Logs of three brokers, which answer two batches at a time. */
class ReplicaComparisonTest {
  private static final int AT_A_TIME = 2;

  private final Map<Integer, List<Batch>> logs = new TreeMap<>();
  private final Map<Integer, Long> starts = new TreeMap<>();
  private final Map<Integer, Long> highWatermarks = new TreeMap<>();
  private List<Integer> inSync = List.of(0, 1, 2);
  private List<Integer> alive = List.of(0, 1, 2);
  private int unreadable = -1;

  @BeforeEach
  void fill() {
    for (int broker = 0; broker < 3; broker++) {
      List<Batch> log = new ArrayList<>();
      for (int i = 0; i < 7; i++) {
        log.add(new Batch(i * 3L, i * 3L + 2, 1 + i / 4, 1000 + i, 200));
      }
      logs.put(broker, log);
      starts.put(broker, 0L);
      highWatermarks.put(broker, 21L);
    }
  }

  private Result compare() {
    PartitionDescription partition =
        new PartitionDescription(4, OptionalInt.of(1), 2, List.of(0, 1, 2), inSync, List.of());
    return ReplicaComparison.compare(partition, alive, this::read);
  }

  private ReplicaBatches read(int broker, long offset) {
    if (broker == unreadable) {
      throw new TailraceException(ErrorCode.CORRUPT_LOG, "damaged on broker " + broker);
    }
    List<Batch> log = logs.get(broker);
    long from = Math.max(offset, starts.get(broker));
    return new ReplicaBatches(
        starts.get(broker),
        end(broker),
        highWatermarks.get(broker),
        log.stream().filter(batch -> batch.lastOffset() >= from).limit(AT_A_TIME).toList());
  }

  private long end(int broker) {
    List<Batch> log = logs.get(broker);
    return log.get(log.size() - 1).lastOffset() + 1;
  }

  @Test
  void equalReplicasAreClean() {
    Result result = compare();
    assertTrue(result.clean(), result.difference());
    assertEquals(7, result.batches());
    assertEquals(0, result.from());
    assertEquals(21, result.to());
    assertEquals(List.of(0, 1, 2), result.replicas());
  }

  @Test
  void namesTheFirstBatchThatDiffersAndWhatEachBrokerHas() {
    logs.get(2).set(4, new Batch(12, 14, 2, 77, 200));
    logs.get(0).set(5, new Batch(15, 17, 2, 78, 200));
    Result result = compare();
    assertFalse(result.clean());
    assertEquals(4, result.batches());
    assertEquals(
        "offset 12: broker 0 has offsets 12 to 14, leader epoch 2, CRC 3ec, 200 bytes; "
            + "broker 1 has offsets 12 to 14, leader epoch 2, CRC 3ec, 200 bytes; "
            + "broker 2 has offsets 12 to 14, leader epoch 2, CRC 4d, 200 bytes",
        result.difference());
  }

  @Test
  void anotherLeaderEpochIsADifference() {
    logs.get(0).set(1, new Batch(3, 5, 9, 1001, 200));
    assertTrue(compare().difference().startsWith("offset 3: broker 0 has offsets 3 to 5, leader"));
  }

  @Test
  void aMissingBatchIsADifference() {
    logs.get(2).remove(3);
    assertTrue(compare().difference().startsWith("offset 9: "), compare().difference());
  }

  @Test
  void whatIsNotCommittedIsNotCompared() {
    logs.get(2).set(6, new Batch(18, 20, 1, 5, 200));
    highWatermarks.replaceAll((broker, end) -> 18L);
    assertNull(compare().difference());
    assertEquals(18, compare().to());
  }

  @Test
  void aReplicaThatIsNotInSyncIsComparedAsFarAsItGoes() {
    inSync = List.of(0, 1);
    logs.get(2).subList(3, 7).clear();
    highWatermarks.put(2, 9L);
    Result result = compare();
    assertTrue(result.clean(), result.difference());
    assertEquals(9, result.to());
  }

  @Test
  void anInSyncReplicaThatLacksCommittedRecordsIsADifference() {
    logs.get(2).subList(3, 7).clear();
    assertEquals(
        "broker 2 is in sync, and its log ends at offset 9, before the leader's high watermark 21",
        compare().difference());
  }

  @Test
  void beginsWhereAllReplicasHaveRecords() {
    logs.get(1).subList(0, 2).clear();
    starts.put(1, 6L);
    Result result = compare();
    assertTrue(result.clean(), result.difference());
    assertEquals(6, result.from());
    assertEquals(5, result.batches());
  }

  @Test
  void aReplicaOfABrokerThatIsNotAliveIsNotVerified() {
    alive = List.of(0, 1);
    Result result = compare();
    assertFalse(result.clean());
    assertEquals(List.of(2), result.missing());
    assertEquals(7, result.batches());
  }

  @Test
  void aReplicaThatCannotBeReadIsADifference() {
    unreadable = 2;
    assertEquals("damaged on broker 2", compare().difference());
  }
}
