package io.tailrace.coordinator.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ExpiredBrokersTest {
  private static final int SELF = 1;

  private final ClusterState state = new ClusterState();
  private final BrokerSuspicion suspicion = new BrokerSuspicion(SELF);
  private final ExpiredBrokers expired = new ExpiredBrokers(SELF);

  @BeforeEach
  void fiveBrokersAnswer() {
    Map<Integer, Reachability.Peer> peers = new TreeMap<>();
    for (int id = 1; id <= 5; id++) {
      registered(id, 1);
      live(id, true);
      if (id != SELF) {
        peers.put(id, new Reachability.Peer(1, Reachability.State.ANSWERS));
      }
    }
    suspicion.onReachability(new Reachability(peers));
    assertEquals(0, look());
  }

  private int look() {
    return expired.look(state, suspicion);
  }

  private void registered(int id, int epoch) {
    MetadataValue.Broker value = new MetadataValue.Broker(Map.of(), "", new UUID(0, id), 1);
    state.apply(List.of(new MetadataEntry(new MetadataKey.Broker(id), value, epoch, 0)));
  }

  private void live(int id, boolean live) {
    MetadataKey key = new MetadataKey.Live(id);
    MetadataValue value = new MetadataValue.Holder(id, new UUID(0, id), new UUID(1, id), 1);
    state.apply(
        List.of(live ? new MetadataEntry(key, value, 0, 100 + id) : MetadataEntry.absent(key)));
  }

  private void expire(int... ids) {
    for (int id : ids) {
      live(id, false);
    }
  }

  @Test
  void awaitsAMinorityForTheShortTimeOnly() {
    expire(2, 3);
    int look = look();
    assertTrue(look > 0);
    assertEquals(Set.of(2, 3), expired.awaited());
    assertEquals(0, look());
    expired.onShortWaitOver(look);
    assertEquals(Set.of(), expired.awaited());
  }

  @Test
  void awaitsHalfOfTheBrokersForASessionTimeout() {
    expire(1, 2, 3, 4);
    int look = look();
    expired.onShortWaitOver(look);
    assertEquals(Set.of(2, 3, 4), expired.awaited());
    expired.onSessionTimeoutOver(look);
    assertEquals(Set.of(), expired.awaited());
  }

  @Test
  void aMassExpiryLastsUntilAllAreBack() {
    expire(1, 2, 3, 4, 5);
    int look = look();
    List<Integer> back = new ArrayList<>(List.of(1, 2, 3, 4));
    back.forEach(id -> live(id, true));
    assertEquals(0, look());
    expired.onShortWaitOver(look);
    assertEquals(Set.of(5), expired.awaited());
    live(5, true);
    look();
    assertEquals(Set.of(), expired.awaited());
    expire(4);
    expired.onShortWaitOver(look());
    assertEquals(Set.of(), expired.awaited());
  }

  @Test
  void aBrokerIsStillAwaitedWhileOnlyItsNewRegistrationIsKnown() {
    expire(1, 2, 3, 4, 5);
    look();
    registered(2, 2); // it is read before the node that says that the broker is live
    look();
    assertEquals(Set.of(2, 3, 4, 5), expired.awaited());
  }

  @Test
  void awaitsNobodyWhoseSilenceWasNoticedBefore() {
    suspicion.onReachability(
        new Reachability(
            Map.of(
                2, new Reachability.Peer(1, Reachability.State.SILENT),
                3, new Reachability.Peer(1, Reachability.State.LEAVING),
                4, new Reachability.Peer(1, Reachability.State.ANSWERS))));
    expire(2, 3, 4, 5);
    look();
    assertEquals(Set.of(4), expired.awaited());
  }
}
