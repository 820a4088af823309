package io.tailrace.broker;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;

/** A machine that can be stopped: afterwards another boot id is read. */
final class FakeMachine implements Machine {
  private final AtomicReference<String> bootId = new AtomicReference<>("boot-1");
  volatile String device = "2048";

  /** The power fails, and comes back. */
  void stop() {
    bootId.updateAndGet(before -> before + "x");
  }

  /** From now on another boot id is read; empty = none can be. */
  void bootId(String id) {
    bootId.set(id);
  }

  @Override
  public String bootId() {
    return bootId.get();
  }

  @Override
  public String device(Path directory) {
    return device;
  }
}
