package io.tailrace.coordinator.zookeeper;

import io.tailrace.protocol.port.Scheduler;
import java.io.IOException;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooKeeper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out whether ZooKeeper would take a new session while an old one does not come back.
 * ZooKeeper refuses a client that has seen more transactions than it holds itself, as after its
 * data were lost or restored from a backup; such a client would try to connect for ever. A server
 * that is merely away takes no new session either, so that the old one outlives its absence.
 *
 * <p>Confined to the store's thread, but for the callbacks of ZooKeeper's threads, which only hand
 * over.
 */
final class ReachabilityProbe {
  private static final Logger LOG = LoggerFactory.getLogger(ReachabilityProbe.class);
  private static final long PERIOD_MS = 2_000;

  /** A session that could come back has done so before that many new ones were taken. */
  private static final int ENOUGH = 2;

  private final ZooKeeperSettings settings;
  private final Scheduler thread;
  private final Runnable onStuck;
  private final QuietZooKeeperFactory clients = new QuietZooKeeperFactory();

  /** Grows with every start and stop: what belongs to an earlier run is void. */
  private int run;

  private int taken;
  private ZooKeeper client;

  /**
   * @param onStuck told once per {@link #start} when new sessions are taken again and again
   */
  ReachabilityProbe(ZooKeeperSettings settings, Scheduler thread, Runnable onStuck) {
    this.settings = settings;
    this.thread = thread;
    this.onStuck = onStuck;
  }

  /** Begins to look; the first answer comes after some seconds. */
  void start() {
    stop();
    lookLater(run);
  }

  void stop() {
    run++;
    taken = 0;
    closeClient();
  }

  private void lookLater(int mine) {
    thread.schedule(
        () -> {
          if (run == mine) {
            look(mine);
          }
        },
        PERIOD_MS);
  }

  private void look(int mine) {
    try {
      client =
          clients.newZooKeeper(
              settings.servers(),
              settings.sessionTimeoutMs(),
              event -> onEvent(mine, event),
              false);
    } catch (IOException e) {
      LOG.debug("ZooKeeper {}: no client can be made", settings.servers(), e);
      lookLater(mine);
    }
  }

  /** On ZooKeeper's thread. */
  private void onEvent(int mine, WatchedEvent event) {
    if (event.getState() == KeeperState.SyncConnected) {
      thread.execute(
          () -> {
            if (run == mine) {
              onTaken(mine);
            }
          });
    }
  }

  private void onTaken(int mine) {
    closeClient();
    taken++;
    if (taken < ENOUGH) {
      lookLater(mine);
    } else {
      onStuck.run();
    }
  }

  /** Closing waits for the server, so a thread of its own does it. */
  private void closeClient() {
    ZooKeeper closing = client;
    client = null;
    if (closing != null) {
      Thread closer = new Thread(() -> close(closing), "zookeeper-probe-close");
      closer.setDaemon(true);
      closer.start();
    }
  }

  private static void close(ZooKeeper closing) {
    try {
      closing.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
