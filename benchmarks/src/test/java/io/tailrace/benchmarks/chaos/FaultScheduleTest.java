package io.tailrace.benchmarks.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

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
    List<PlannedFault> faults = faults(7, 200);
    assertEquals(
        EnumSet.allOf(FaultKind.class),
        faults.stream().map(PlannedFault::kind).collect(Collectors.toSet()));
    assertEquals(
        Set.of(1, 2, 3),
        faults.stream().map(fault -> fault.brokers().size()).collect(Collectors.toSet()));
  }

  private static List<PlannedFault> faults(long seed, int count) {
    FaultSchedule schedule = new FaultSchedule(seed, ALL, 3);
    return Stream.generate(schedule::next).limit(count).toList();
  }
}
