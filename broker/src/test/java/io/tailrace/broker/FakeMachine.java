package io.tailrace.broker;

import java.nio.file.Path;

/** A machine that can be stopped: afterwards another boot id is read. */
final class FakeMachine implements Machine {
  volatile String bootId = "boot-1";
  volatile String device = "2048";

  /** The power fails, and comes back. */
  void stop() {
    bootId = bootId + "x";
  }

  @Override
  public String bootId() {
    return bootId;
  }

  @Override
  public String device(Path directory) {
    return device;
  }
}
