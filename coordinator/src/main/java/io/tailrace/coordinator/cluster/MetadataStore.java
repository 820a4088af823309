package io.tailrace.coordinator.cluster;

import java.util.List;
import java.util.function.Consumer;

/**
 * The port to where the metadata is kept: one session with a linearizable store of versioned nodes.
 * Confined to one {@link io.tailrace.protocol.port.Scheduler}: it is called on that thread, and
 * calls back on it.
 *
 * <p>Reads follow writes: when an answer other than {@link Outcome#NOT_SENT} or {@link
 * Outcome#UNKNOWN} is given, the listener was told before of everything that the store had changed
 * until the write was decided.
 */
public interface MetadataStore extends AutoCloseable {

  /** What became of a write. */
  enum Outcome {
    /** It happened as a whole. */
    DONE,
    /** It did not happen: a node was not as the write wanted it. */
    CONFLICT,
    /** It did not happen: there is no connection. {@link Listener#onConnected} will follow. */
    NOT_SENT,
    /**
     * It happened or it did not: the connection was lost. {@link Listener#onConnected} will follow,
     * and what it tells includes the write, if it happened.
     */
    UNKNOWN,
    /** It did not happen, and trying again will not help; the store's log says why. */
    FAILED
  }

  /** Told what the store holds. */
  interface Listener {
    /**
     * The store is connected, for the first time or again.
     *
     * @param session the session under which ephemeral nodes are made from now on; another one than
     *     before when the old one expired
     * @param entries every node there is; what was known before is void
     */
    void onConnected(long session, List<MetadataEntry> entries);

    /** The connection is lost; what is known may be outdated. */
    void onDisconnected();

    /** Nodes that changed since, each as it is now. Intermediate states may be skipped. */
    void onChanged(List<MetadataEntry> entries);
  }

  /** Connects. Called once. */
  void start(Listener listener);

  /** After that long without a sign of life a session expires, in milliseconds. */
  int sessionTimeoutMs();

  /** Writes atomically; answers once. */
  void write(List<MetadataWrite> writes, Consumer<Outcome> done);

  /** Ends the session: its ephemeral nodes go at once. Thread-safe; may block for some seconds. */
  @Override
  void close();
}
