package io.tailrace.coordinator.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.coordinator.cluster.Membership.Standing;
import io.tailrace.coordinator.cluster.MetadataKey.Single;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class MembershipTest {
  private static final long SESSION = 5;
  private static final UUID DIRECTORY = new UUID(0, 1);
  private static final UUID RUN = new UUID(0, 2);
  private static final UUID OTHER_RUN = new UUID(0, 3);
  private static final MetadataKey BROKER = new MetadataKey.Broker(1);
  private static final MetadataKey LIVE = new MetadataKey.Live(1);

  private final ClusterState state = new ClusterState();
  private static final Map<String, Endpoint> ENDPOINTS =
      Map.of(Endpoint.NATIVE, new Endpoint("h", 9));

  /** What the store holds before: broker 1 has registered seven times, the last four as a whole. */
  private static final int EPOCH = 7;

  private static final int WHOLE_SINCE = 4;

  private final Membership membership = member(new DirectoryReport(DIRECTORY, EPOCH, ""));

  private static Membership member(DirectoryReport directory) {
    return new Membership(new BrokerRegistration(1, ENDPOINTS, "r", directory), RUN);
  }

  private static MetadataValue.Broker broker(int wholeSince) {
    return new MetadataValue.Broker(ENDPOINTS, "r", DIRECTORY, wholeSince);
  }

  private int wholeSince(Membership registering) {
    MetadataWrite.Update update =
        (MetadataWrite.Update) registering.register(state, SESSION, true).get(0);
    return ((MetadataValue.Broker) update.value()).wholeSince();
  }

  private static MetadataEntry holder(
      MetadataKey key, UUID directory, UUID run, int epoch, long session) {
    return new MetadataEntry(key, new MetadataValue.Holder(1, directory, run, epoch), 0, session);
  }

  private void holds(MetadataEntry... entries) {
    state.apply(
        List.of(
            new MetadataEntry(Single.CONTROLLER_EPOCH, MetadataValue.None.NONE, 3, 0),
            new MetadataEntry(BROKER, broker(WHOLE_SINCE), EPOCH, 0)));
    state.apply(List.of(entries));
  }

  private static MetadataValue.Holder self(int epoch) {
    return new MetadataValue.Holder(1, DIRECTORY, RUN, epoch);
  }

  @Test
  void registeringTheFirstTimeBeginsWithEpochOne() {
    state.apply(List.of(new MetadataEntry(Single.CONTROLLER_EPOCH, MetadataValue.None.NONE, 0, 0)));
    assertEquals(Standing.OUTSIDE, membership.assess(state, SESSION));
    assertEquals(
        List.of(
            new MetadataWrite.Create(BROKER, broker(1), false),
            new MetadataWrite.Update(BROKER, broker(1), 0),
            new MetadataWrite.Create(LIVE, self(1), true),
            new MetadataWrite.Update(Single.CONTROLLER_EPOCH, MetadataValue.None.NONE, 0),
            new MetadataWrite.Create(Single.CONTROLLER, self(1), true)),
        membership.register(state, SESSION, true));
  }

  @Test
  void replacesItsOwnDeadRun() {
    holds(
        holder(LIVE, DIRECTORY, OTHER_RUN, 7, 99),
        holder(Single.CONTROLLER, DIRECTORY, OTHER_RUN, 3, 99));
    assertEquals(Standing.OUTSIDE, membership.assess(state, SESSION));
    assertEquals(
        List.of(
            new MetadataWrite.Update(BROKER, broker(WHOLE_SINCE), 7),
            new MetadataWrite.Delete(LIVE, 0),
            new MetadataWrite.Create(LIVE, self(8), true),
            new MetadataWrite.Update(Single.CONTROLLER_EPOCH, MetadataValue.None.NONE, 3),
            new MetadataWrite.Delete(Single.CONTROLLER, 0),
            new MetadataWrite.Create(Single.CONTROLLER, self(4), true)),
        membership.register(state, SESSION, true));
  }

  @Test
  void leavesAnotherControllerAlone() {
    holds(holder(Single.CONTROLLER, new UUID(0, 50), new UUID(0, 51), 3, 99));
    assertEquals(
        List.of(
            new MetadataWrite.Update(BROKER, broker(WHOLE_SINCE), 7),
            new MetadataWrite.Create(LIVE, self(8), true)),
        membership.register(state, SESSION, true));
  }

  @Test
  void replacesItsOwnExpiredSession() {
    holds(holder(LIVE, DIRECTORY, RUN, 7, 99), holder(Single.CONTROLLER, DIRECTORY, RUN, 3, 99));
    assertEquals(Standing.OUTSIDE, membership.assess(state, SESSION));
    assertTrue(membership.controllerWanted(state, SESSION));
  }

  @Test
  void isRegisteredWhenTheNodeIsItsOwn() {
    holds(
        holder(LIVE, DIRECTORY, RUN, 7, SESSION),
        holder(Single.CONTROLLER, DIRECTORY, RUN, 3, SESSION));
    assertEquals(Standing.REGISTERED, membership.assess(state, SESSION));
    assertEquals(7, membership.brokerEpoch());
    assertTrue(membership.isController(state, SESSION));
    // A session that is lost after that loses nothing of the logs.
    state.apply(List.of(MetadataEntry.absent(LIVE)));
    assertEquals(Standing.OUTSIDE, membership.assess(state, SESSION));
    assertEquals(
        new MetadataWrite.Update(BROKER, broker(WHOLE_SINCE), 7),
        membership.register(state, SESSION, true).get(0));
  }

  @Test
  void runsForControllerOnlyUnderItsNewestRegistration() {
    holds(holder(LIVE, DIRECTORY, RUN, 7, SESSION));
    assertEquals(Standing.REGISTERED, membership.assess(state, SESSION));
    assertEquals(new MetadataWrite.Check(BROKER, 7), membership.elect(state).get(0));
  }

  @Test
  void doesNotTouchAnotherBrokerWithItsId() {
    holds(holder(LIVE, new UUID(0, 50), OTHER_RUN, 7, 99));
    assertEquals(Standing.TAKEN, membership.assess(state, SESSION));
    assertTrue(membership.problem().contains("broker id 1 is taken"), membership.problem());
    assertTrue(membership.problem().contains("h:9"), membership.problem());
  }

  @Test
  void standsBackForItsSuccessor() {
    holds(holder(LIVE, DIRECTORY, RUN, 7, SESSION));
    membership.assess(state, SESSION);
    state.apply(
        List.of(
            new MetadataEntry(BROKER, broker(WHOLE_SINCE), 8, 0),
            holder(LIVE, DIRECTORY, OTHER_RUN, 8, 100)));
    assertEquals(Standing.REPLACED, membership.assess(state, SESSION));
    // For good, even when the successor is gone.
    state.apply(List.of(MetadataEntry.absent(LIVE)));
    assertEquals(Standing.REPLACED, membership.assess(state, SESSION));
  }

  @Test
  void aStartIsWholeOnTheDirectoryAndEpochThatTheStoreHolds() {
    holds();
    assertEquals(WHOLE_SINCE, wholeSince(membership));
    assertEquals("", membership.notWhole());
  }

  @Test
  void aStartOnAnotherOrOlderOrDamagedDirectoryIsNotWhole() {
    holds();
    for (DirectoryReport directory :
        List.of(
            new DirectoryReport(new UUID(0, 50), EPOCH, ""),
            DirectoryReport.ofNew(DIRECTORY),
            new DirectoryReport(DIRECTORY, EPOCH - 1, ""),
            new DirectoryReport(DIRECTORY, EPOCH, "the machine stopped"))) {
      Membership starting = member(directory);
      assertEquals(EPOCH + 1, wholeSince(starting), directory.toString());
      assertFalse(starting.notWhole().isEmpty(), directory.toString());
    }
  }

  @Test
  void aStartThatIsNotWholeStaysSoHoweverOftenItsSessionIsLost() {
    holds();
    Membership starting = member(new DirectoryReport(DIRECTORY, EPOCH, "the machine stopped"));
    assertEquals(EPOCH + 1, wholeSince(starting));
    // The first write happened, but the session that would have shown it is gone.
    state.apply(List.of(new MetadataEntry(BROKER, broker(EPOCH + 1), EPOCH + 1, 0)));
    assertEquals(EPOCH + 2, wholeSince(starting));
    state.apply(
        List.of(
            new MetadataEntry(BROKER, broker(EPOCH + 2), EPOCH + 2, 0),
            holder(LIVE, DIRECTORY, RUN, EPOCH + 2, SESSION)));
    assertEquals(Standing.REGISTERED, starting.assess(state, SESSION));
    state.apply(List.of(MetadataEntry.absent(LIVE)));
    assertEquals(EPOCH + 2, wholeSince(starting));
  }

  @Test
  void aWholeStartStaysWholeWhenItsFirstWriteHappenedUnseen() {
    holds();
    assertEquals(WHOLE_SINCE, wholeSince(membership));
    state.apply(List.of(new MetadataEntry(BROKER, broker(WHOLE_SINCE), EPOCH + 1, 0)));
    assertEquals(WHOLE_SINCE, wholeSince(membership));
  }

  @Test
  void aSecondStartAfterAPowerCutDoesNotMakeUpForIt() {
    holds();
    Membership afterCut = member(new DirectoryReport(DIRECTORY, EPOCH, "the machine stopped"));
    assertEquals(EPOCH + 1, wholeSince(afterCut));
    state.apply(List.of(new MetadataEntry(BROKER, broker(EPOCH + 1), EPOCH + 1, 0)));
    // The second start is whole itself, but the members of before the power cut are not.
    Membership second = member(new DirectoryReport(DIRECTORY, EPOCH + 1, ""));
    assertEquals(EPOCH + 1, wholeSince(second));
  }
}
