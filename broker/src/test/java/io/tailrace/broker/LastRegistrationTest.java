package io.tailrace.broker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.coordinator.cluster.DirectoryReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LastRegistrationTest {
  private static final String NO_DAMAGE = "";

  @TempDir Path directory;

  private final FakeMachine machine = new FakeMachine();

  private LastRegistration start(boolean cleanlyStopped) {
    return LastRegistration.read(directory, machine, cleanlyStopped, NO_DAMAGE);
  }

  private void vouches(boolean cleanlyStopped) {
    assertEquals("", start(cleanlyStopped).doubt());
  }

  private void doubts(String reason, boolean cleanlyStopped) {
    String doubt = start(cleanlyStopped).doubt();
    assertTrue(doubt.contains(reason), doubt);
  }

  @Test
  void aNewDirectoryHasNotedNothing() {
    assertEquals(DirectoryReport.NEVER_REGISTERED, start(false).brokerEpoch());
    assertEquals(DirectoryReport.NEVER_REGISTERED, start(true).brokerEpoch());
  }

  @Test
  void aKilledProcessLosesNothing() {
    start(false).note(7);
    vouches(false);
    assertEquals(7, start(false).brokerEpoch());
  }

  @Test
  void aMachineThatStoppedLosesWhatWasNotSynced() {
    start(false).note(7);
    machine.stop();
    vouches(true);
    doubts("the machine stopped", false);
  }

  @Test
  void aDirectoryOnAnotherDeviceIsDoubted() {
    start(false).note(7);
    machine.device = "2049";
    vouches(true);
    doubts("another device", false);
  }

  @Test
  void whereTheMachineCannotVouchOnlyAnOrderlyStopCounts() {
    start(false).note(7);
    machine.device = "";
    vouches(true);
    doubts("not on a local device", false);
  }

  @Test
  void whereTheBootIdCannotBeReadOnlyAnOrderlyStopCounts() {
    machine.bootId("");
    start(false).note(7);
    vouches(true);
    doubts("not stopped in order", false);
  }

  @Test
  void damagedLogsAreDoubtedEvenAfterAnOrderlyStop() {
    start(false).note(7);
    assertEquals(
        "a log is missing",
        LastRegistration.read(directory, machine, true, "a log is missing").doubt());
  }

  @Test
  void anOrderlyStopBeforeTheNextRegistrationDoesNotHideALoss() {
    start(false).note(7);
    machine.stop();
    doubts("the machine stopped", false);
    // The start did not get as far as registering, and stopped in order.
    doubts("the machine stopped", true);
    doubts("the machine stopped", false);
    start(false).note(8);
    vouches(false);
  }

  @Test
  void onlyLaterRegistrationsAreNoted() {
    LastRegistration registration = start(false);
    registration.note(7);
    registration.note(6);
    assertEquals(7, registration.brokerEpoch());
    registration.note(9);
    assertEquals(9, start(false).brokerEpoch());
  }

  @Test
  void aDamagedNoteMatchesNoRegistration() throws IOException {
    for (String content : new String[] {"broker.epoch=x\n", "", "\\uZZZZ"}) {
      Files.writeString(directory.resolve("registration.properties"), content);
      assertEquals(DirectoryReport.NEVER_REGISTERED, start(true).brokerEpoch(), content);
    }
  }

  @Test
  void thisMachineNamesItsBootAndItsDevice() throws IOException {
    assertEquals(36, Machine.REAL.bootId().length());
    assertEquals(Machine.REAL.bootId(), Machine.REAL.bootId());
    String type = Files.getFileStore(directory).type();
    assertEquals(
        type.startsWith("nfs") || type.startsWith("fuse"),
        Machine.REAL.device(directory).isEmpty(),
        type);
    assertTrue(Machine.REAL.device(Path.of("/proc")).isEmpty());
    assertFalse(Machine.REAL.bootId().isBlank());
  }
}
