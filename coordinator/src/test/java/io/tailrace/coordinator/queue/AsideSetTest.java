package io.tailrace.coordinator.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class AsideSetTest {

  @Test
  void holdsWhatASortedSetHolds() {
    for (long seed = 0; seed < 20; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      AsideSet set = new AsideSet();
      TreeSet<Long> expected = new TreeSet<>();
      for (int i = 0; i < 5_000; i++) {
        long offset = random.nextInt(8_000);
        if (random.nextInt(200) == 0) {
          long below = random.nextInt(2_000);
          expected.headSet(below).clear();
          set.removeBelow(below);
        } else if (expected.remove(offset)) {
          set.remove(offset);
        } else {
          expected.add(offset);
          set.add(
              new AsideMessage(
                  offset, AsideReason.of((int) (offset % 2)), 7, offset + 1, "e" + offset % 3));
        }
        assertEquals(expected.size(), set.size());
        assertEquals(expected.contains(offset), set.contains(offset));
        Long ceiling = expected.ceiling(offset);
        assertEquals(ceiling == null ? -1 : ceiling, set.ceiling(offset));
      }
      List<Long> all = new ArrayList<>();
      set.forEach(
          message -> {
            all.add(message.offset());
            assertEquals(AsideReason.of((int) (message.offset() % 2)), message.reason());
            assertEquals(7, message.failures());
            assertEquals(message.offset() + 1, message.firstFailureMs());
            assertEquals("e" + message.offset() % 3, message.lastError());
          });
      assertEquals(List.copyOf(expected), all);
      assertEquals(
          expected.tailSet(4_000L).stream().limit(50).toList(),
          set.from(4_000, 50).stream().map(AsideMessage::offset).toList());
    }
  }

  @Test
  void aMillionCostFewBytesEach() {
    AsideSet set = new AsideSet();
    Runtime runtime = Runtime.getRuntime();
    System.gc();
    long before = runtime.totalMemory() - runtime.freeMemory();
    for (long offset = 0; offset < 1_000_000; offset++) {
      set.add(
          new AsideMessage(
              offset * 1_000,
              AsideReason.REJECTED,
              0,
              1_000_000,
              "an error of one kind " + offset));
    }
    System.gc();
    long used = runtime.totalMemory() - runtime.freeMemory() - before;

    assertEquals(1_000_000, set.size());
    assertEquals(true, used < 64 << 20, used + " bytes");
  }
}
