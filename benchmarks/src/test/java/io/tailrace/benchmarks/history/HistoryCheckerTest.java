package io.tailrace.benchmarks.history;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each check catches a history that breaks its rule, and only that check does. */
class HistoryCheckerTest {
  private static final String PARTITION = "a-0";

  private final List<Operation> history = new ArrayList<>();
  private long index;

  @Test
  void findsNothingWrongWithAGoodHistory() {
    goodHistory();
    assertEquals(List.of(), violations());
  }

  @Test
  void readsBackWhatItWrote(@TempDir Path directory) {
    goodHistory();
    Path path = directory.resolve("history.jsonl");
    try (HistoryFile file = new HistoryFile(path)) {
      history.forEach(file::append);
    }
    List<Operation> read = new ArrayList<>();
    HistoryFile.read(path, operation -> read.add(operation.at(0)));
    assertEquals(history, read);
    assertEquals(List.of(), HistoryChecker.check(path));
  }

  @Test
  void catchesAnAcknowledgedWriteThatIsLost() {
    goodHistory();
    send("p0-3", Phase.OK, 3L);
    assertCaught("acknowledged writes are in the log: p0-3 was acknowledged at a-0@3");
  }

  @Test
  void catchesAnAcknowledgedWriteOfUnknownOffsetThatIsLost() {
    goodHistory();
    send("p0-3", Phase.OK, null);
    assertCaught("acknowledged writes are in the log: p0-3 was acknowledged");
  }

  @Test
  void catchesRecordsOfAProducerThatChangedPlaces() {
    goodHistory();
    send("p1-8", Phase.UNKNOWN, null);
    send("p1-9", Phase.UNKNOWN, null);
    stored(3, "p1-9");
    stored(4, "p1-8");
    assertCaught("records of a producer stay in order: p1-8 is at a-0@4, behind p1-9");
  }

  @Test
  void catchesARecordThatIsStoredTwice() {
    goodHistory();
    send("p1-9", Phase.UNKNOWN, null);
    stored(3, "p1-9");
    stored(4, "p1-9");
    assertCaught("no record is stored twice: p1-9 is at a-0@3 and at a-0@4");
  }

  @Test
  void catchesAnOffsetThatChangedItsValue() {
    goodHistory();
    polled("c1", 0, "p0-0");
    polled("c1", 1, "p7-0");
    polled("c1", 2, "p0-2");
    assertCaught("an offset has one value: a-0@1 held p0-1 and then p7-0");
  }

  @Test
  void catchesAConsumedRecordThatIsGone() {
    goodHistory();
    polled("c0", 3, "p1-4");
    assertCaught("p1-4 was consumed at a-0@3 and is not there", "ends never move back");
  }

  @Test
  void catchesAFailedWriteThatIsInTheLog() {
    goodHistory();
    send("p1-4", Phase.FAILED, null);
    stored(3, "p1-4");
    assertCaught("a failed write is in no log: p1-4 failed, and is at a-0@3");
  }

  @Test
  void catchesAConsumerThatSkips() {
    goodHistory();
    polled("c1", 0, "p0-0");
    polled("c1", 2, "p0-2");
    assertCaught("consumers skip nothing: c1 got a-0@2 right after offset 0");
  }

  @Test
  void catchesAConsumerThatGoesBack() {
    goodHistory();
    polled("c0", 1, "p0-1");
    polled("c0", 2, "p0-2");
    assertCaught("consumers skip nothing: c0 got a-0@1 right after offset 2");
  }

  @Test
  void catchesAConsumerThatStops() {
    goodHistory();
    polled("c1", 0, "p0-0");
    polled("c1", 1, "p0-1");
    assertCaught("consumers skip nothing: c1 got no record behind a-0@1");
  }

  @Test
  void catchesAConsumerWhosePollFails() {
    goodHistory();
    add(Operation.of("c0", Phase.FAILED, Action.POLL).value("OFFSET_OUT_OF_RANGE"));
    assertCaught("consumers skip nothing: c0 failed");
  }

  @Test
  void catchesAGroupThatCommitsWhatNoMemberWasGiven() {
    goodHistory();
    Operation given =
        history.stream()
            .filter(each -> each.action() == Action.GROUP_POLL && each.offset() == 2)
            .findFirst()
            .orElseThrow();
    history.remove(given);
    history.add(given);
    assertCaught(
        "a group skips nothing: g1 committed a-0@3 after 0 ms, and no member had been given 2");
  }

  @Test
  void catchesAGroupThatIsNeverGivenARecord() {
    goodHistory();
    assertEquals(List.of(), violations());
    history.removeIf(
        each -> (each.action() == Action.GROUP_POLL && each.offset() == 2) || isCommitOf(each, 3));
    assertCaught("a group skips nothing: no member was ever given a-0@2");
  }

  @Test
  void catchesAMemberThatStartsBehindWhatWasCommitted() {
    goodHistory();
    grouped("g2", 1, "p0-1");
    assertCaught("a group skips nothing: g2 started at a-0@1 after 0 ms, and 2 was committed");
  }

  @Test
  void allowsRecordsToBeGivenAgainThatWereNotCommitted() {
    goodHistory();
    grouped("g2", 2, "p0-2");
    assertEquals(List.of(), violations());
  }

  @Test
  void catchesAMemberWhosePollFails() {
    goodHistory();
    add(Operation.of("g0", Phase.FAILED, Action.GROUP_POLL).value("NO_OFFSET"));
    assertCaught("a group skips nothing: g0 failed");
  }

  @Test
  void catchesACommitThatMovesBack() {
    goodHistory();
    committed(2);
    committed(1);
    assertCaught("commits never move back: commits was told that a-0@1 is committed");
  }

  @Test
  void catchesACommitThatIsLost() {
    goodHistory();
    committed(0);
    assertCaught("commits never move back: commits was told that a-0@0 is committed");
  }

  @Test
  void catchesAnEndThatMovesBack() {
    goodHistory();
    latest("ends", 3);
    latest("ends", 2);
    assertCaught("ends never move back: ends was told that a-0 ends at 2");
  }

  @Test
  void allowsAnAnswerThatWasOvertaken() {
    goodHistory();
    Operation slow = add(Operation.of("ends", Phase.INVOKED, Action.LATEST).partition(PARTITION));
    latest("ends", 3);
    history.add(slow.phase(Phase.OK).offset(2));
    assertEquals(List.of(), violations());
  }

  @Test
  void catchesALogThatEndsBeforeAnEndThatAClientWasTold() {
    goodHistory();
    latest("ends", 4);
    assertCaught("ends never move back: a-0 ends at 3, and ended at 4");
  }

  @Test
  void catchesReplicasThatDiffer() {
    goodHistory();
    replace(
        each -> each.client().equals("broker-1") && each.offset() == 2,
        each -> each.value("ffff/80"));
    assertCaught("replicas are equal: a-0@2 is Batch[lastOffset=2, epoch=1, checksum=c2/80]");
  }

  @Test
  void catchesAPartitionThatAcknowledgesNothingAfterHealing() {
    goodHistory();
    history.removeIf(each -> each.action() == Action.SEND && each.value().equals("p0-2"));
    assertCaught("everything goes on after healing: a-0 acknowledged no record");
  }

  @Test
  void catchesAReplicaThatStaysBehind() {
    goodHistory();
    replace(each -> each.action() == Action.SYNC, each -> each.phase(Phase.FAILED));
    assertCaught("everything goes on after healing: not all replicas of a-0");
  }

  @Test
  void doesNotPassAHistoryThatEndsEarly() {
    goodHistory();
    history.removeIf(each -> each.action() == Action.HEAL);
    assertCaught("everything goes on after healing: the history ends before all faults have");
  }

  /** Three records in one partition, the last one sent after healing, on two replicas. */
  private void goodHistory() {
    send("p0-0", Phase.OK, 0L);
    latest("ends", 1);
    add(Operation.of("observer", Phase.OK, Action.FAULT).value("kill 0 begins"));
    send("p0-1", Phase.OK, 1L);
    send("p1-0", Phase.UNKNOWN, null);
    send("p1-1", Phase.FAILED, null);
    polled("c0", 0, "p0-0");
    polled("c0", 1, "p0-1");
    latest("ends", 2);
    grouped("g0", 0, "p0-0");
    grouped("g0", 1, "p0-1");
    commit("g0", 2, Phase.OK);
    committed(2);
    add(Operation.of("observer", Phase.OK, Action.HEAL));
    send("p0-2", Phase.OK, 2L);
    polled("c0", 2, "p0-2");
    grouped("g1", 2, "p0-2");
    commit("g1", 3, Phase.UNKNOWN);
    add(Operation.of("observer", Phase.OK, Action.SYNC).partition(PARTITION));
    for (int offset = 0; offset < 3; offset++) {
      stored(offset, "p0-" + offset);
      for (String broker : List.of("broker-0", "broker-1")) {
        add(
            Operation.of(broker, Phase.OK, Action.DUMP)
                .partition(PARTITION)
                .value("c" + offset + "/80")
                .offset(offset)
                .batch(offset, 1));
      }
    }
  }

  private void send(String value, Phase outcome, Long offset) {
    String client = value.substring(0, value.indexOf('-'));
    Operation sent =
        add(Operation.of(client, Phase.INVOKED, Action.SEND).partition(PARTITION).value(value));
    Operation settled = sent.phase(outcome);
    history.add(offset == null ? settled : settled.offset(offset));
  }

  private void polled(String consumer, long offset, String value) {
    add(
        Operation.of(consumer, Phase.OK, Action.POLL)
            .partition(PARTITION)
            .value(value)
            .offset(offset));
  }

  private void stored(long offset, String value) {
    add(
        Operation.of("observer", Phase.OK, Action.READ)
            .partition(PARTITION)
            .value(value)
            .offset(offset));
    if (offset >= 3) {
      polled("c0", offset, value);
      grouped("g1", offset, value);
    }
  }

  private void grouped(String member, long offset, String value) {
    add(
        Operation.of(member, Phase.OK, Action.GROUP_POLL)
            .partition(PARTITION)
            .value(value)
            .offset(offset));
  }

  private void commit(String member, long offset, Phase outcome) {
    Operation begun =
        add(Operation.of(member, Phase.INVOKED, Action.COMMIT).partition(PARTITION).offset(offset));
    history.add(begun.phase(outcome));
  }

  private void committed(long offset) {
    Operation asked = add(Operation.of("commits", Phase.INVOKED, Action.COMMITTED));
    history.add(asked.phase(Phase.OK).partition(PARTITION).offset(offset));
  }

  private static boolean isCommitOf(Operation operation, long offset) {
    return operation.action() == Action.COMMIT && operation.offset() == offset;
  }

  private void latest(String client, long end) {
    Operation asked = add(Operation.of(client, Phase.INVOKED, Action.LATEST).partition(PARTITION));
    history.add(asked.phase(Phase.OK).offset(end));
  }

  private Operation add(Operation operation) {
    Operation numbered = operation.index(index++);
    history.add(numbered);
    return numbered;
  }

  private void replace(Predicate<Operation> which, UnaryOperator<Operation> change) {
    history.replaceAll(each -> which.test(each) ? change.apply(each) : each);
  }

  private List<String> violations() {
    HistoryChecker checker = new HistoryChecker();
    history.forEach(checker::accept);
    return checker.violations();
  }

  /** One violation holds the first of these texts, each of the others one of the rest. */
  private void assertCaught(String... texts) {
    List<String> found = violations();
    assertEquals(texts.length, found.size(), found::toString);
    for (String text : texts) {
      assertTrue(found.stream().anyMatch(each -> each.contains(text)), found::toString);
    }
  }
}
