package io.tailrace.coordinator.cluster;

import static io.tailrace.coordinator.cluster.Reachability.State.ANSWERS;
import static io.tailrace.coordinator.cluster.Reachability.State.GONE;
import static io.tailrace.coordinator.cluster.Reachability.State.LEAVING;
import static io.tailrace.coordinator.cluster.Reachability.State.SILENT;
import static io.tailrace.coordinator.cluster.Reachability.State.UNHEARD;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class SilenceClocksTest {
  private static final int SELF = 1;
  private static final int OTHER = 2;
  private static final long SILENCE_MS = 2_000;
  private static final long TICK_MS = 100;

  private long nowMs = 50_000;
  private final SilenceClocks clocks = new SilenceClocks(SELF, SILENCE_MS, nowMs);

  private static BrokerImage broker(int id, int epoch, boolean live) {
    return new BrokerImage(id, epoch, Map.of(), "", new UUID(0, id), live);
  }

  private void registered(int... epochs) {
    List<BrokerImage> brokers = new ArrayList<>();
    for (int id = 1; id <= epochs.length; id++) {
      brokers.add(broker(id, Math.abs(epochs[id - 1]), epochs[id - 1] > 0));
    }
    clocks.onBrokers(brokers, nowMs);
  }

  private void pass(long ms) {
    for (long passed = 0; passed < ms; passed += TICK_MS) {
      nowMs += TICK_MS;
      clocks.onTick(nowMs);
    }
  }

  private Reachability.State stateOf(int id, int epoch) {
    return clocks.reachability(nowMs).state(id, epoch);
  }

  @Test
  void aBrokerIsSilentWhenNothingWasHeardForTheTimeout() {
    registered(1, 7, 8);
    assertEquals(List.of(2, 3), clocks.pinged());
    clocks.onHeard(2, false, nowMs);
    clocks.onHeard(3, false, nowMs);
    pass(SILENCE_MS - TICK_MS);
    clocks.onHeard(3, false, nowMs);
    assertEquals(ANSWERS, stateOf(2, 7));
    pass(TICK_MS);
    assertEquals(SILENT, stateOf(2, 7));
    assertEquals(ANSWERS, stateOf(3, 8));
    clocks.onHeard(2, false, nowMs);
    assertEquals(ANSWERS, stateOf(2, 7));
  }

  @Test
  void aBrokerWhosePortRefusesIsGoneAtOnce() {
    registered(1, 7);
    clocks.onHeard(OTHER, false, nowMs);
    clocks.onRefused(OTHER);
    assertEquals(GONE, stateOf(OTHER, 7));
    clocks.onHeard(OTHER, false, nowMs);
    assertEquals(ANSWERS, stateOf(OTHER, 7));
  }

  @Test
  void nothingFollowsFromTheSilenceOfABrokerThatWasNeverHeard() {
    registered(1, 7);
    clocks.onRefused(OTHER);
    pass(10 * SILENCE_MS);
    assertEquals(UNHEARD, stateOf(OTHER, 7));
  }

  @Test
  void whatWasHeardCountsForItsRegistrationOnly() {
    registered(1, 7);
    clocks.onHeard(OTHER, false, nowMs);
    clocks.onRefused(OTHER);
    registered(1, 8);
    assertEquals(UNHEARD, stateOf(OTHER, 7));
    assertEquals(UNHEARD, stateOf(OTHER, 8));
    clocks.onHeard(OTHER, false, nowMs);
    assertEquals(ANSWERS, stateOf(OTHER, 8));
    assertEquals(UNHEARD, stateOf(OTHER, 7));
  }

  @Test
  void aLateTickRestartsAllClocks() {
    registered(1, 7, 8);
    clocks.onHeard(2, false, nowMs);
    clocks.onHeard(3, false, nowMs);
    pass(TICK_MS);
    nowMs += 60_000; // this process is frozen
    clocks.onTick(nowMs);
    assertEquals(ANSWERS, stateOf(2, 7));
    assertEquals(ANSWERS, stateOf(3, 8));
    pass(SILENCE_MS - TICK_MS);
    clocks.onHeard(3, false, nowMs);
    pass(TICK_MS);
    assertEquals(SILENT, stateOf(2, 7));
    assertEquals(ANSWERS, stateOf(3, 8));
  }

  @Test
  void listensOnToABrokerWhoseRegistrationIsGoneWhileItAnswers() {
    registered(1, 7, 8, 9);
    clocks.onHeard(2, false, nowMs);
    clocks.onHeard(3, true, nowMs);
    registered(1, -7, -8, -9);
    assertEquals(List.of(2), clocks.pinged());
    assertEquals(ANSWERS, stateOf(2, 7));
    pass(SILENCE_MS);
    assertEquals(List.of(), clocks.pinged());
  }

  @Test
  void aBrokerThatLeavesSaysSo() {
    registered(1, 7);
    clocks.onHeard(OTHER, true, nowMs);
    assertEquals(LEAVING, stateOf(OTHER, 7));
  }
}
