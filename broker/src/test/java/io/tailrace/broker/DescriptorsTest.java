package io.tailrace.broker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class DescriptorsTest {

  @Test
  void aHighLimitChangesNothing() {
    Descriptors descriptors = new Descriptors(65_536, 200);
    assertEquals(10_000, descriptors.connections(10_000));
    assertEquals(200, descriptors.httpConnections());
    assertNull(descriptors.problem(10_000));
  }

  @Test
  void underALowLimitConnectionsAndLogsTogetherFit() {
    for (int limit = 200; limit < 20_000; limit += 37) {
      Descriptors descriptors = new Descriptors(limit, 100);
      int connections = descriptors.connections(10_000);
      int together = connections + descriptors.httpConnections() + limit / 5 * 2 + 100;
      assertTrue(connections == 8 || together <= limit, limit + ": " + together);
    }
  }

  @Test
  void theWarningNamesALimitThatIsEnough() {
    String problem = new Descriptors(256, 100).problem(10_000);
    assertTrue(problem.contains("256 files"), problem);
    assertTrue(problem.contains("no more than 26 connections"), problem);
    long enough = Long.parseLong(problem.replaceAll(".*; allow ([0-9]+) files or.*", "$1"));
    assertNull(new Descriptors(enough, 100).problem(10_000));
  }

  @Test
  void anUnknownLimitBoundsNothing() {
    assertEquals(10_000, new Descriptors(Long.MAX_VALUE, 0).connections(10_000));
  }
}
