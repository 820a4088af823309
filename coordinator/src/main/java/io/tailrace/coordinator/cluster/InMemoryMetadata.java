package io.tailrace.coordinator.cluster;

import io.tailrace.coordinator.cluster.MetadataKey.Single;
import io.tailrace.coordinator.cluster.MetadataStore.Listener;
import io.tailrace.coordinator.cluster.MetadataStore.Outcome;
import io.tailrace.protocol.port.Scheduler;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The metadata of a cluster that lives in one process: for a simulated cluster and for tests of
 * what stands on a {@link ClusterStore}. Sessions behave as ZooKeeper's do, and can be made to lose
 * their connection, their answers and themselves.
 *
 * <p>Thread-safe: a write happens at once, under this object's lock; every session hears of it on
 * its own scheduler.
 */
public final class InMemoryMetadata {

  /** How long brokers give each other to come back after their sessions expired. */
  public static final int SESSION_TIMEOUT_MS = 2_000;

  private record Node(MetadataValue value, int version, long owner) {}

  private final Map<MetadataKey, Node> nodes = new LinkedHashMap<>();
  private final List<Session> sessions = new ArrayList<>();
  private long lastSession;
  private long version;

  public InMemoryMetadata(String clusterId) {
    nodes.put(Single.CLUSTER, new Node(new MetadataValue.Cluster(clusterId), 0, 0));
    nodes.put(Single.CONTROLLER_EPOCH, new Node(MetadataValue.None.NONE, 0, 0));
    nodes.put(Single.PRODUCER_IDS, new Node(new MetadataValue.ProducerIds(0), 0, 0));
  }

  /**
   * The metadata is that of another cluster from now on, or, with an empty id, of none; everything
   * else stays.
   */
  public synchronized void replaceCluster(String clusterId) {
    Map<MetadataKey, Node> change = new LinkedHashMap<>();
    change.put(
        Single.CLUSTER,
        clusterId.isEmpty() ? null : new Node(new MetadataValue.Cluster(clusterId), 0, 0));
    put(change);
  }

  /** A client of the metadata, whose owner is this scheduler's thread. */
  public Session open(Scheduler scheduler) {
    return new Session(scheduler);
  }

  /** Grows with every change. */
  public synchronized long version() {
    return version;
  }

  /** Every node there is now. */
  public synchronized List<MetadataEntry> entries() {
    List<MetadataEntry> entries = new ArrayList<>(nodes.size());
    nodes.forEach((key, node) -> entries.add(entry(key, node)));
    return entries;
  }

  private static MetadataEntry entry(MetadataKey key, Node node) {
    return node == null
        ? MetadataEntry.absent(key)
        : new MetadataEntry(key, node.value(), node.version(), node.owner());
  }

  /** Writes all or nothing; says whether it did. */
  private boolean apply(List<MetadataWrite> writes, long session) {
    Map<MetadataKey, Node> next = new LinkedHashMap<>();
    for (MetadataWrite write : writes) {
      MetadataKey key = write.key();
      Node node = next.containsKey(key) ? next.get(key) : nodes.get(key);
      if (write instanceof MetadataWrite.Create create) {
        if (node != null || !hasParent(key, next)) {
          return false;
        }
        next.put(key, new Node(create.value(), 0, create.ephemeral() ? session : 0));
      } else {
        if (node == null || !matches(write, node)) {
          return false;
        }
        if (write instanceof MetadataWrite.Update update) {
          next.put(key, new Node(update.value(), node.version() + 1, node.owner()));
        } else if (write instanceof MetadataWrite.Delete) {
          next.put(key, null);
        }
      }
    }
    put(next);
    return true;
  }

  private static boolean matches(MetadataWrite write, Node node) {
    int version =
        write instanceof MetadataWrite.Update update
            ? update.version()
            : write instanceof MetadataWrite.Delete delete
                ? delete.version()
                : ((MetadataWrite.Check) write).version();
    return version == MetadataWrite.ANY_VERSION || version == node.version();
  }

  private boolean hasParent(MetadataKey key, Map<MetadataKey, Node> next) {
    MetadataKey parent =
        key instanceof MetadataKey.Live live
            ? new MetadataKey.Broker(live.brokerId())
            : key instanceof MetadataKey.Partitions partitions
                ? new MetadataKey.Topic(partitions.topic())
                : key instanceof MetadataKey.Partition partition
                    ? new MetadataKey.Partitions(partition.topic(), partition.topicId())
                    : null;
    return parent == null
        || (next.containsKey(parent) ? next.get(parent) != null : nodes.containsKey(parent));
  }

  private void put(Map<MetadataKey, Node> changes) {
    version++;
    List<MetadataEntry> entries = new ArrayList<>(changes.size());
    changes.forEach(
        (key, node) -> {
          if (node == null) {
            nodes.remove(key);
          } else {
            nodes.put(key, node);
          }
          if (!(key instanceof MetadataKey.Partitions)) {
            entries.add(entry(key, node));
          }
        });
    for (Session session : sessions) {
      session.tell(entries);
    }
  }

  /** Removes what goes with the session; 0 is none. */
  private void end(long session) {
    if (session == 0) {
      return;
    }
    Map<MetadataKey, Node> gone = new LinkedHashMap<>();
    nodes.forEach(
        (key, node) -> {
          if (node.owner() == session) {
            gone.put(key, null);
          }
        });
    put(gone);
  }

  /** One client. Its faults may come from any thread. */
  public final class Session implements MetadataStore {
    private final Scheduler scheduler;
    private Listener listener;
    private long id;
    private boolean connected;
    private boolean closed;

    /** Grows when the connection comes or goes: what was told over an earlier one is dropped. */
    private int connection;

    private boolean loseNextAnswer;
    private boolean loseNextWrite;

    private Session(Scheduler scheduler) {
      this.scheduler = scheduler;
    }

    @Override
    public void start(Listener to) {
      synchronized (InMemoryMetadata.this) {
        listener = to;
        sessions.add(this);
        reconnect();
      }
    }

    /** Sessions expire when they are {@linkplain #expire() told}. */
    @Override
    public int sessionTimeoutMs() {
      return SESSION_TIMEOUT_MS;
    }

    @Override
    public void write(List<MetadataWrite> writes, Consumer<Outcome> done) {
      synchronized (InMemoryMetadata.this) {
        if (!connected) {
          answer(Outcome.NOT_SENT, done);
        } else if (loseNextAnswer || loseNextWrite) {
          if (loseNextAnswer) {
            apply(writes, id);
          }
          loseNextAnswer = false;
          loseNextWrite = false;
          answer(Outcome.UNKNOWN, done);
          disconnect();
          reconnect();
        } else {
          answer(apply(writes, id) ? Outcome.DONE : Outcome.CONFLICT, done);
        }
      }
    }

    /** The connection may go before the answer comes: then it is not known. */
    private void answer(Outcome outcome, Consumer<Outcome> done) {
      int mine = connection;
      scheduler.execute(() -> done.accept(isCurrent(mine) ? outcome : unless(outcome)));
    }

    private static Outcome unless(Outcome outcome) {
      return outcome == Outcome.NOT_SENT ? outcome : Outcome.UNKNOWN;
    }

    private boolean isCurrent(int mine) {
      synchronized (InMemoryMetadata.this) {
        return connection == mine;
      }
    }

    private void tell(List<MetadataEntry> entries) {
      if (connected && !entries.isEmpty()) {
        int mine = connection;
        scheduler.execute(
            () -> {
              if (isCurrent(mine)) {
                listener.onChanged(entries);
              }
            });
      }
    }

    /** Loses the connection; the session goes on until it {@linkplain #expire() expires}. */
    public void disconnect() {
      synchronized (InMemoryMetadata.this) {
        if (connected) {
          connected = false;
          connection++;
          scheduler.execute(listener::onDisconnected);
        }
      }
    }

    /** Connects again, under the same session if it is still there. */
    public void reconnect() {
      synchronized (InMemoryMetadata.this) {
        if (listener == null || connected || closed) {
          return;
        }
        if (id == 0) {
          id = ++lastSession;
        }
        connected = true;
        int mine = ++connection;
        long session = id;
        List<MetadataEntry> all = entries();
        scheduler.execute(
            () -> {
              if (isCurrent(mine)) {
                listener.onConnected(session, all);
              }
            });
      }
    }

    /** Ends the session, as if nothing had been heard of the client for long. */
    public void expire() {
      synchronized (InMemoryMetadata.this) {
        boolean wasConnected = connected;
        disconnect();
        long expired = id;
        id = 0;
        end(expired);
        if (wasConnected) {
          reconnect();
        }
      }
    }

    /**
     * The connection breaks during the next write.
     *
     * @param happens whether the write happens nevertheless
     */
    public void loseNextWrite(boolean happens) {
      synchronized (InMemoryMetadata.this) {
        loseNextAnswer = happens;
        loseNextWrite = !happens;
      }
    }

    /**
     * The process dies: nothing is told any more, and the session goes on until it {@linkplain
     * #expire() expires}.
     */
    public void abandon() {
      synchronized (InMemoryMetadata.this) {
        sessions.remove(this);
        connected = false;
        closed = true;
        connection++;
      }
    }

    @Override
    public void close() {
      synchronized (InMemoryMetadata.this) {
        disconnect();
        closed = true;
        sessions.remove(this);
        end(id);
      }
    }

    /** The session's id; 0 when it has expired and there is no connection. */
    public long id() {
      synchronized (InMemoryMetadata.this) {
        return id;
      }
    }

    @Override
    public String toString() {
      return "session " + id();
    }
  }
}
