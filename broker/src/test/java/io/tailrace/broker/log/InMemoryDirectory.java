package io.tailrace.broker.log;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * A directory of an {@link InMemoryDisk}: its names as processes see them, and those on the device.
 * Names change on the device in the order in which they were changed, but only a sync of the
 * directory makes sure that they do; a file's own sync does not. Guarded by its disk.
 */
final class InMemoryDirectory {
  private final TreeMap<String, InMemoryFile> cached = new TreeMap<>();
  private final TreeMap<String, InMemoryFile> device = new TreeMap<>();
  private final List<Consumer<Map<String, InMemoryFile>>> journal = new ArrayList<>();

  /** Changes that were synced, and are no longer in the journal. */
  private long synced;

  /** The files by name; to be looked at only. */
  SortedMap<String, InMemoryFile> files() {
    return cached;
  }

  InMemoryFile get(String name) {
    return cached.get(name);
  }

  void put(String name, InMemoryFile file) {
    change(files -> files.put(name, file));
  }

  void remove(String name) {
    change(files -> files.remove(name));
  }

  /** Gives a file another name, in place of the file that has that name. */
  void rename(String from, String to) {
    change(files -> files.put(to, files.remove(from)));
  }

  private void change(Consumer<Map<String, InMemoryFile>> change) {
    change.accept(cached);
    journal.add(change);
  }

  /** All changes so far: a sync that begins now covers them. */
  long changes() {
    return synced + journal.size();
  }

  /** Whether there are changes that may be undone by a power cut. */
  boolean hasUnsyncedChanges() {
    return !journal.isEmpty();
  }

  /** So many changes, from the first one ever, have reached the device. */
  void sync(long changes) {
    for (; synced < changes; synced++) {
      journal.remove(0).accept(device);
    }
  }

  void abandonWritebacks() {
    cached.values().forEach(InMemoryFile::abandonWritebacks);
  }

  /** The first few of the changes that were not synced have reached the device, the others not. */
  void losePower(RandomGenerator random) {
    sync(synced + random.nextInt(journal.size() + 1));
    journal.clear();
    cached.clear();
    cached.putAll(device);
    cached.values().forEach(file -> file.losePower(random));
  }
}
