package io.tailrace.coordinator.zookeeper;

import io.tailrace.coordinator.cluster.MetadataKey;
import io.tailrace.coordinator.cluster.MetadataKey.Single;
import io.tailrace.coordinator.cluster.MetadataStore;
import io.tailrace.coordinator.cluster.MetadataValue;
import io.tailrace.coordinator.cluster.MetadataWrite;
import io.tailrace.protocol.port.Scheduler;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.apache.curator.CuratorZookeeperClient;
import org.apache.curator.ensemble.fixed.FixedEnsembleProvider;
import org.apache.curator.retry.RetryOneTime;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The metadata in ZooKeeper. Curator keeps the session and begins a new one when it expires; the
 * operations go to its ZooKeeper handle directly, because Curator would repeat a write whose answer
 * was lost, and reads one node at a time.
 *
 * <p>One persistent recursive watch on the root tells which nodes changed. They are read again many
 * at a time: while one such read is on its way, further changes gather for the next. ZooKeeper
 * sends a session the events of what came before ahead of the answer to its own write; so when the
 * nodes of these events are read again, the write may be answered.
 *
 * <p>Confined to the store's thread, but for {@link #close()} and the callbacks of ZooKeeper's
 * threads, which only hand over.
 */
final class ZooKeeperMetadataStore implements MetadataStore {
  private static final Logger LOG = LoggerFactory.getLogger(ZooKeeperMetadataStore.class);
  private static final long RETRY_MS = 500;

  private final ZooKeeperSettings settings;
  private final ClusterPaths paths;
  private final Scheduler thread;
  private final String newClusterId;
  private final CuratorZookeeperClient client;
  private final ReachabilityProbe probe;

  /** Whether this process may make the cluster when it is missing. */
  private boolean founds;

  /** The root held no cluster when it was read. */
  private boolean noCluster;

  /** Paths that events named, on their way from ZooKeeper's thread. */
  private final Queue<String> events = new ConcurrentLinkedQueue<>();

  private final AtomicBoolean eventsHandedOver = new AtomicBoolean();

  private Listener listener;
  private volatile boolean closed;
  private volatile long sessionId;
  private ZooKeeper zk;
  private ZooKeeperReader reader;

  /** Grows when a connection comes or goes: what belongs to an earlier one is void. */
  private int connection;

  private boolean loaded;
  private boolean reading;
  private final Set<MetadataKey> changed = new LinkedHashSet<>();

  /** How many changes were ever noted, and how many of them were read. */
  private long noted;

  private long read;
  private final Deque<Answer> answers = new ArrayDeque<>();

  /** An answer that waits until the changes noted before it are read. */
  private record Answer(long after, Outcome outcome, Consumer<Outcome> done) {}

  /**
   * @param newClusterId the id of the cluster if this process is its first
   * @param founds whether this process may make a cluster where there is none, until it has seen
   *     one; otherwise the listener is called for a store without data
   */
  ZooKeeperMetadataStore(
      ZooKeeperSettings settings, Scheduler thread, String newClusterId, boolean founds) {
    this.settings = settings;
    this.paths = new ClusterPaths(settings.root());
    this.thread = thread;
    this.newClusterId = newClusterId;
    this.founds = founds;
    this.probe = new ReachabilityProbe(settings, thread, this::beginAnew);
    this.client =
        new CuratorZookeeperClient(
            new QuietZooKeeperFactory(),
            new FixedEnsembleProvider(settings.servers()),
            settings.sessionTimeoutMs(),
            Math.min(settings.sessionTimeoutMs(), settings.requestTimeoutMs()),
            event -> onSessionEvent(event),
            new RetryOneTime(1),
            false);
  }

  @Override
  public void start(Listener to) {
    listener = to;
    try {
      client.start();
    } catch (Exception e) {
      throw new IllegalStateException("cannot start the ZooKeeper client", e);
    }
  }

  /** On ZooKeeper's thread. */
  private void onSessionEvent(WatchedEvent event) {
    if (event.getType() == EventType.None) {
      KeeperState state = event.getState();
      thread.execute(() -> onSessionState(state));
    }
  }

  private void onSessionState(KeeperState state) {
    switch (state) {
      case SyncConnected -> connect();
      case Disconnected, Expired, Closed -> disconnect();
      case AuthFailed ->
          LOG.error("ZooKeeper {} refuses this broker's credentials", settings.servers());
      default -> LOG.debug("ZooKeeper {}: {}", settings.servers(), state);
    }
  }

  private void connect() {
    drop();
    if (closed) {
      return;
    }
    int mine = ++connection;
    try {
      zk = client.getZooKeeper();
    } catch (Exception e) {
      LOG.warn("ZooKeeper {}: connected, but lost at once", settings.servers(), e);
      retry(mine);
      return;
    }
    if (zk == null) {
      return;
    }
    reader = new ZooKeeperReader(zk, paths, thread, () -> connection == mine);
    zk.addWatch(
        paths.root(),
        this::onEvent,
        AddWatchMode.PERSISTENT_RECURSIVE,
        (code, path, context) -> {
          if (code != Code.OK.intValue()) {
            thread.execute(() -> onLoadFailed(mine, "watch " + path, Code.get(code)));
          }
        },
        null);
    load(mine);
  }

  private void load(int mine) {
    reader.readAll(
        entries -> {
          noCluster = entries == null;
          if (noCluster && founds) {
            makeCluster(mine);
            return;
          }
          founds = false;
          loaded = true;
          probe.stop();
          sessionId = zk.getSessionId();
          LOG.info(
              "ZooKeeper {}: connected, session 0x{}, {} nodes under {}",
              settings.servers(),
              Long.toHexString(sessionId),
              noCluster ? "no" : entries.size(),
              paths.root());
          listener.onConnected(sessionId, noCluster ? List.of() : entries);
          readChanged();
        });
  }

  /**
   * Makes the nodes that everything else hangs from, whichever are missing. The cluster's identity
   * comes last: where it is, the others are.
   */
  private void makeCluster(int mine) {
    List<String> folders = new ArrayList<>(paths.rootAndParents());
    folders.addAll(paths.folders());
    for (String folder : folders) {
      make(folder, MetadataValue.None.NONE, mine, false);
    }
    make(paths.of(Single.CONTROLLER_EPOCH), MetadataValue.None.NONE, mine, false);
    make(paths.of(Single.PRODUCER_IDS), new MetadataValue.ProducerIds(0), mine, false);
    make(paths.of(Single.CLUSTER), new MetadataValue.Cluster(newClusterId), mine, true);
  }

  private void make(String node, MetadataValue value, int mine, boolean last) {
    zk.create(
        node,
        ClusterNodeCodec.encode(value),
        ZooDefs.Ids.OPEN_ACL_UNSAFE,
        CreateMode.PERSISTENT,
        (code, path, context, name) -> {
          boolean there = code == Code.OK.intValue() || code == Code.NODEEXISTS.intValue();
          if (last || !there) {
            thread.execute(
                () -> {
                  if (!there) {
                    onLoadFailed(mine, "create " + path, Code.get(code));
                  } else if (connection == mine) {
                    load(mine);
                  }
                });
          }
        },
        null);
  }

  private void onLoadFailed(int mine, String what, Code code) {
    if (connection == mine && code != Code.CONNECTIONLOSS && code != Code.SESSIONEXPIRED) {
      LOG.error("ZooKeeper {} refuses to {}: {}", settings.servers(), what, code);
      disconnect();
      retry(connection);
    }
  }

  private void retry(int mine) {
    thread.schedule(
        () -> {
          if (connection == mine) {
            connect();
          }
        },
        RETRY_MS);
  }

  private void disconnect() {
    boolean wasLoaded = loaded;
    drop();
    connection++;
    if (wasLoaded) {
      if (!closed) {
        LOG.info("ZooKeeper {}: the connection is lost", settings.servers());
      }
      listener.onDisconnected();
      if (!closed) {
        probe.start();
      }
    }
  }

  /** Gives up a session that ZooKeeper does not take back although it takes new ones. */
  private void beginAnew() {
    if (closed || loaded) {
      return;
    }
    LOG.warn(
        "ZooKeeper {} does not take this broker's session back, but takes new ones: its data were"
            + " lost, or restored from an older state; a new session begins",
        settings.servers());
    try {
      client.reset();
    } catch (Exception e) {
      LOG.warn("ZooKeeper {}: no new session can be made", settings.servers(), e);
    }
    probe.start();
  }

  /** Forgets the connection and its requests in flight. */
  private void drop() {
    zk = null;
    reader = null;
    loaded = false;
    reading = false;
    changed.clear();
    read = noted;
    while (!answers.isEmpty()) {
      answers.poll().done().accept(Outcome.UNKNOWN);
    }
  }

  /** On ZooKeeper's thread. */
  private void onEvent(WatchedEvent event) {
    if (event.getType() != EventType.None) {
      events.add(event.getPath());
      if (eventsHandedOver.compareAndSet(false, true)) {
        thread.execute(this::takeEvents);
      }
    }
  }

  private void takeEvents() {
    eventsHandedOver.set(false);
    for (String path = events.poll(); path != null; path = events.poll()) {
      MetadataKey key = paths.keyOf(path);
      if (key == Single.CLUSTER && noCluster && loaded) {
        // Whatever else there is was not read.
        connect();
        return;
      }
      if (key != null && changed.add(key)) {
        noted++;
      }
    }
    readChanged();
  }

  private void readChanged() {
    if (!loaded || reading || changed.isEmpty()) {
      return;
    }
    List<MetadataKey> keys = new ArrayList<>();
    int weight = 0;
    for (Iterator<MetadataKey> next = changed.iterator();
        next.hasNext() && weight < ZooKeeperReader.BATCH; ) {
      MetadataKey key = next.next();
      next.remove();
      keys.add(key);
      weight += ZooKeeperReader.weight(key);
    }
    reading = true;
    reader.read(
        keys,
        entries -> {
          reading = false;
          read += keys.size();
          readChanged();
          listener.onChanged(entries);
          answer();
        });
  }

  private void answer() {
    while (!answers.isEmpty() && answers.peek().after() <= read) {
      Answer answer = answers.poll();
      answer.done().accept(answer.outcome());
    }
  }

  @Override
  public int sessionTimeoutMs() {
    return settings.sessionTimeoutMs();
  }

  @Override
  public void write(List<MetadataWrite> writes, Consumer<Outcome> done) {
    if (!loaded) {
      done.accept(Outcome.NOT_SENT);
      return;
    }
    List<Op> ops = new ArrayList<>(writes.size());
    for (MetadataWrite write : writes) {
      ops.add(op(write));
    }
    int mine = connection;
    zk.multi(
        ops,
        (code, path, context, results) ->
            thread.execute(() -> onWritten(mine, Code.get(code), done)),
        null);
  }

  private void onWritten(int mine, Code code, Consumer<Outcome> done) {
    if (mine != connection) {
      giveUp(done);
      return;
    }
    switch (code) {
      case OK -> answers.add(new Answer(noted, Outcome.DONE, done));
      case NONODE, NODEEXISTS, BADVERSION, NOTEMPTY ->
          answers.add(new Answer(noted, Outcome.CONFLICT, done));
      case CONNECTIONLOSS, SESSIONEXPIRED, SESSIONMOVED, OPERATIONTIMEOUT, REQUESTTIMEOUT -> {
        LOG.debug("ZooKeeper {}: a write may have been lost ({})", settings.servers(), code);
        giveUp(done);
      }
      default -> {
        LOG.error("ZooKeeper {} refuses a write: {}", settings.servers(), code);
        done.accept(Outcome.FAILED);
      }
    }
    answer();
  }

  /** Answers that the outcome is not known, and sees to it that everything is read again. */
  private void giveUp(Consumer<Outcome> done) {
    done.accept(Outcome.UNKNOWN);
    if (loaded) {
      disconnect();
      retry(connection);
    }
  }

  private Op op(MetadataWrite write) {
    String path = paths.of(write.key());
    if (write instanceof MetadataWrite.Update update) {
      return Op.setData(path, ClusterNodeCodec.encode(update.value()), update.version());
    } else if (write instanceof MetadataWrite.Create create) {
      return create(path, create.value(), create.ephemeral());
    } else if (write instanceof MetadataWrite.Delete delete) {
      return Op.delete(path, delete.version());
    }
    return Op.check(path, ((MetadataWrite.Check) write).version());
  }

  private static Op create(String path, MetadataValue value, boolean ephemeral) {
    return Op.create(
        path,
        ClusterNodeCodec.encode(value),
        ZooDefs.Ids.OPEN_ACL_UNSAFE,
        ephemeral ? CreateMode.EPHEMERAL : CreateMode.PERSISTENT);
  }

  /** The newest session; 0 before the first. Thread-safe. */
  long sessionId() {
    return sessionId;
  }

  @Override
  public void close() {
    closed = true;
    thread.execute(probe::stop);
    client.close(settings.closeTimeoutMs());
  }
}
