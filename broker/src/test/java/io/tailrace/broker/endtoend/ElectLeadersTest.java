package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tailrace.broker.testkit.CommandLine;
import io.tailrace.broker.testkit.TestBrokers;
import io.tailrace.client.PartitionDescription;
import io.tailrace.client.TailraceClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code tailrace cluster elect-leaders} on two brokers of which one or both stop. */
class ElectLeadersTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path directory;
  private TestBrokers brokers;

  @BeforeEach
  void start() {
    brokers = TestBrokers.start(directory, 2, Map.of("min.insync.replicas", "1"));
    create();
    await(each -> each.inSyncReplicas().size() == 2);
  }

  /** Once more where a slow machine made the outcome unknown. */
  private void create() {
    String[] command = {"topic", "create", "orders", "--partitions", "4", "--if-not-exists"};
    long giveUpNanos = System.nanoTime() + PATIENCE.toNanos();
    CommandLine.Outcome outcome = tailrace().run(new byte[0], command);
    while (outcome.exitCode() != 0) {
      String problem = outcome.err();
      assertTrue(System.nanoTime() < giveUpNanos, problem);
      outcome = tailrace().run(new byte[0], command);
    }
  }

  @AfterEach
  void stop() {
    brokers.close();
  }

  private CommandLine tailrace() {
    return new CommandLine(brokers.bootstrap(), directory);
  }

  private List<PartitionDescription> partitions() {
    try (TailraceClient client = brokers.client()) {
      return client.admin().describeTopic("orders").join().partitions();
    }
  }

  private void await(Predicate<PartitionDescription> holds) {
    long giveUpNanos = System.nanoTime() + PATIENCE.toNanos();
    while (!partitions().stream().allMatch(holds)) {
      assertTrue(System.nanoTime() < giveUpNanos, () -> "did not come to pass: " + partitions());
      Thread.onSpinWait();
    }
  }

  private static boolean isLedBy(PartitionDescription partition, int broker) {
    return partition.leader().equals(OptionalInt.of(broker));
  }

  @Test
  void movesLeadersToPreferredReplicasAsSoonAsTheseAreInSync() {
    long preferOne = partitions().stream().filter(each -> each.replicas().get(0).equals(1)).count();
    assertTrue(preferOne > 0 && preferOne < 4, "leaders are spread");
    brokers.stop(1);
    await(each -> isLedBy(each, 0) && each.inSyncReplicas().equals(List.of(0)));
    tailrace().okWith("a\nb\nc\nd\n", "produce", "orders");
    assertEquals("moved 0 leaders\n", tailrace().ok("cluster", "elect-leaders").out());
    brokers.start(1);
    await(each -> each.inSyncReplicas().size() == 2);
    await(each -> isLedBy(each, 0)); // nothing moves by itself

    JsonNode moved =
        tailrace().ok("cluster", "elect-leaders", "--topic", "orders", "--json").json();
    assertEquals(preferOne, moved.get("elected").asLong());
    await(each -> isLedBy(each, each.replicas().get(0)));
    assertEquals("moved 0 leaders\n", tailrace().ok("cluster", "elect-leaders").out());
    assertEquals(4, tailrace().ok("consume", "orders").lines().size());
  }

  @Test
  void givesUpWhatALiveReplicaLacksOnlyWhenToldTo() {
    tailrace().okWith("a\nb\nc\n", "produce", "orders", "--partition", "2");
    brokers.stop(1);
    tailrace().okWith("d\ne\n", "produce", "orders", "--partition", "2");
    brokers.stop(0);
    brokers.start(1);
    await(each -> each.leader().isEmpty() && each.inSyncReplicas().equals(List.of(0)));
    assertEquals("moved 0 leaders\n", tailrace().ok("cluster", "elect-leaders").out());
    assertTrue(partitions().stream().allMatch(each -> each.leader().isEmpty()));

    List<String> told =
        tailrace().ok("cluster", "elect-leaders", "--unclean", "--topic", "orders").lines();
    assertEquals(4, told.size());
    assertEquals(
        "orders-2 is led by broker 1; given up: the records that other replicas may have at offset"
            + " 3 and behind",
        told.get(2));
    await(each -> isLedBy(each, 1) && each.inSyncReplicas().equals(List.of(1)));
    tailrace().okWith("f\n", "produce", "orders", "--partition", "2");

    brokers.start(0);
    await(each -> each.inSyncReplicas().size() == 2);
    assertEquals(
        List.of("a", "b", "c", "f"),
        tailrace().ok("consume", "orders", "--partition", "2", "--format", "%v\n").lines());
    assertEquals(0, tailrace().run(new byte[0], "topic", "verify", "orders").exitCode());
  }
}
