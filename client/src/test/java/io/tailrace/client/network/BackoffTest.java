package io.tailrace.client.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BackoffTest {

  /** Draws the same number between 0 and 1 again and again. */
  private record Always(double drawn) implements RandomGenerator {
    @Override
    public double nextDouble() {
      return drawn;
    }

    @Override
    public long nextLong() {
      throw new AssertionError("only fractions are drawn");
    }
  }

  private static List<Integer> waits(Backoff backoff, int count) {
    return IntStream.range(0, count).mapToObj(i -> backoff.nextMs()).toList();
  }

  @Test
  void doublesWithEachFailureUpToTheBound() {
    Backoff backoff = new Backoff(20, 1000, new Always(0.5));
    assertEquals(List.of(20, 40, 80, 160, 320, 640, 1000, 1000), waits(backoff, 8));
    assertEquals(8, backoff.failures());
  }

  @Test
  void staysAtTheBoundHoweverOftenItFails() {
    Backoff backoff = new Backoff(1000, 60_000, new Always(0.5));
    List<Integer> waits = waits(backoff, 500);
    assertEquals(Set.of(60_000), new HashSet<>(waits.subList(6, 500)));
  }

  @Test
  void givesOrTakesAFifth() {
    assertEquals(List.of(80, 160, 240), waits(new Backoff(100, 300, new Always(0)), 3));
    assertEquals(List.of(119, 239, 359), waits(new Backoff(100, 300, new Always(0.9999)), 3));
  }

  @Test
  void doesNotSendThoseBackTogetherThatFailedTogether() {
    Set<Integer> waits = new HashSet<>();
    for (int seed = 0; seed < 100; seed++) {
      int wait = new Backoff(1000, 1000, new SplittableRandom(seed)).nextMs();
      assertTrue(wait >= 800 && wait < 1200, "seed " + seed + " waits " + wait);
      waits.add(wait);
    }
    assertTrue(waits.size() > 50, "only " + waits.size() + " different waits");
  }

  @Test
  void startsOverWhenFailuresAreForgotten() {
    Backoff backoff = new Backoff(20, 1000, new Always(0.5));
    waits(backoff, 5);
    backoff.reset();
    assertEquals(0, backoff.failures());
    assertEquals(List.of(20, 40), waits(backoff, 2));
  }
}
