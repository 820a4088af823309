package io.tailrace.benchmarks.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class FaultScheduleTest {
  private static final List<FaultKind> ALL = List.of(FaultKind.values());

  @Test
  void repeatsTheFaultsOfASeed() {
    assertEquals(faults(7, 50), faults(7, 50));
    assertNotEquals(faults(7, 50), faults(8, 50));
  }

  @Test
  void drawsEveryKindAndHitsOneAndSeveralBrokers() {
    List<PlannedFault> faults = faults(7, 1000);
    assertEquals(
        EnumSet.allOf(FaultKind.class),
        faults.stream().map(PlannedFault::kind).collect(Collectors.toSet()));
    assertEquals(
        Set.of(1, 2, 3),
        faults.stream()
            .filter(fault -> fault.kind() == FaultKind.KILL)
            .map(fault -> fault.brokers().size())
            .collect(Collectors.toSet()));
  }

  @Test
  void aSecondFaultHitsAnotherServer() {
    int nested = 0;
    for (PlannedFault fault : faults(7, 500)) {
      for (PlannedFault other : fault.meanwhile()) {
        nested++;
        assertTrue(Collections.disjoint(fault.brokers(), other.brokers()), fault::toString);
        if (fault.kind() == FaultKind.ZOOKEEPER) {
          assertTrue(
              other.kind() != FaultKind.ZOOKEEPER
                  && other.kind() != FaultKind.KILL
                  && other.kind() != FaultKind.RESTART,
              "it needs ZooKeeper to end: " + other);
        }
      }
    }
    assertTrue(nested > 0);
  }

  private static List<PlannedFault> faults(long seed, int count) {
    FaultSchedule schedule = new FaultSchedule(seed, ALL, 3);
    return Stream.generate(schedule::next).limit(count).toList();
  }
}
