package io.tailrace.coordinator.zookeeper;

import java.io.File;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CountDownLatch;
import org.apache.zookeeper.server.NIOServerCnxnFactory;
import org.apache.zookeeper.server.ServerCnxnFactory;
import org.apache.zookeeper.server.ZooKeeperServer;
import org.apache.zookeeper.server.persistence.FileTxnLog;
import org.apache.zookeeper.server.persistence.FileTxnSnapLog;
import org.apache.zookeeper.util.ServiceUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One ZooKeeper server in this process: for development, where a broker should need nothing but
 * itself, and for tests. Durable: it syncs each write before it answers. Without the admin server,
 * JMX and metrics. Thread-safe.
 */
public final class EmbeddedZooKeeper implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedZooKeeper.class);

  /** ZooKeeper reserves its log in steps of 64 MB otherwise. */
  private static final int LOG_STEP_BYTES = 1024 * 1024;

  private final FileChannel lock;
  private final FileTxnSnapLog files;
  private final Server server;
  private final ServerCnxnFactory connections = new NIOServerCnxnFactory();
  private final SnapshotCleanup cleanup;
  private final InetSocketAddress address;
  private boolean closed;

  /**
   * How to run the server.
   *
   * @param directory made if it is not there; holds snapshots and the transaction log
   * @param address where clients connect; port 0 picks a free one
   * @param tickMs the server's unit of time; sessions time out after 2 to 80 of them
   * @param maxConnections from one address; 0 = any number
   * @param snapshotsKept how many snapshots a clean-up leaves
   * @param cleanupHours how often old snapshots and logs are removed; 0 = never
   */
  public record Settings(
      Path directory,
      InetSocketAddress address,
      int tickMs,
      int maxConnections,
      int snapshotsKept,
      int cleanupHours) {

    /** For this machine only, with sessions of 1 to 40 seconds; port 0 picks a free one. */
    public static Settings local(Path directory, int port) {
      return new Settings(
          directory, new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 500, 0, 3, 1);
    }
  }

  private EmbeddedZooKeeper(Settings settings) throws IOException, InterruptedException {
    // Switches for the whole process: an error stops the server, never the process.
    ServiceUtils.setSystemExitProcedure(ServiceUtils.LOG_ONLY);
    if (System.getProperty("zookeeper.preAllocSize") == null) {
      FileTxnLog.setPreallocSize(LOG_STEP_BYTES);
    }
    Files.createDirectories(settings.directory());
    lock = lock(settings.directory());
    try {
      File directory = settings.directory().toFile();
      files = new FileTxnSnapLog(directory, directory);
      server = new Server(files, settings.tickMs());
      connections.configure(settings.address(), settings.maxConnections());
      load(settings.directory());
    } catch (IOException | InterruptedException | RuntimeException e) {
      connections.shutdown();
      lock.close();
      throw e;
    }
    address = new InetSocketAddress(settings.address().getAddress(), connections.getLocalPort());
    cleanup = new SnapshotCleanup(files, settings.snapshotsKept(), settings.cleanupHours());
    LOG.info("ZooKeeper runs at {} in {}", connectString(), settings.directory());
  }

  private void load(Path directory) throws IOException, InterruptedException {
    try {
      connections.startup(server);
    } catch (IOException e) {
      long free = directory.toFile().getUsableSpace();
      throw new IOException(
          free < LOG_STEP_BYTES
              ? "the disk of "
                  + directory
                  + " is full ("
                  + free
                  + " bytes are free); make room on it"
              : "ZooKeeper's data in "
                  + directory
                  + " cannot be read ("
                  + e.getMessage()
                  + "); restore that directory from a backup",
          e);
    }
  }

  private static FileChannel lock(Path directory) throws IOException {
    FileChannel channel =
        FileChannel.open(
            directory.resolve("zookeeper.lock"),
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE);
    FileLock held = null;
    try {
      held = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      LOG.debug("This process holds the lock already", e);
    }
    if (held == null) {
      channel.close();
      throw new IOException("another ZooKeeper server uses the directory " + directory);
    }
    return channel;
  }

  /**
   * Starts a server; it takes connections when this returns.
   *
   * @throws IOException when the port is taken or the directory cannot be used
   */
  public static EmbeddedZooKeeper start(Settings settings) throws IOException {
    try {
      return new EmbeddedZooKeeper(settings);
    } catch (BindException e) {
      throw new IOException(
          "ZooKeeper cannot listen on "
              + settings.address().getAddress().getHostAddress()
              + ":"
              + settings.address().getPort()
              + " ("
              + e.getMessage()
              + ")",
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while ZooKeeper was starting", e);
    }
  }

  /** Starts a server for this machine only; port 0 picks a free one. */
  public static EmbeddedZooKeeper start(Path directory, int port) throws IOException {
    return start(Settings.local(directory, port));
  }

  /** {@code host:port}, for {@link ZooKeeperSettings#of}. */
  public String connectString() {
    InetAddress host = address.getAddress();
    return (host.isAnyLocalAddress() ? "127.0.0.1" : host.getHostAddress()) + ":" + port();
  }

  public int port() {
    return address.getPort();
  }

  /** Ends a session as if its client had been silent for too long; for tests. */
  void expireSession(long sessionId) {
    server.closeSession(sessionId);
  }

  /**
   * Waits until the server has ended.
   *
   * @return whether {@link #close()} ended it; otherwise an error did, which the log tells
   */
  public boolean awaitEnd() throws InterruptedException {
    server.ended.await();
    return !server.failed;
  }

  /** Ends the server; its data stays. May be called again. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    cleanup.close();
    connections.shutdown();
    server.shutdown(true);
    server.ended.countDown();
    try {
      connections.join();
      files.close();
      lock.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      LOG.warn("ZooKeeper's files did not close cleanly", e);
    }
  }

  private static final class Server extends ZooKeeperServer {
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean failed;

    Server(FileTxnSnapLog files, int tickMs) {
      super(files, tickMs, 2 * tickMs, 80 * tickMs, -1, null, "");
    }

    @Override
    protected void setState(State state) {
      super.setState(state);
      if (state == State.ERROR) {
        LOG.error("ZooKeeper stopped because of an error");
        failed = true;
        ended.countDown();
      }
    }

    @Override
    protected void registerJMX() {
      // Costs start-up time, and its names collide when two servers share a process.
    }

    @Override
    protected void unregisterJMX() {
      // Nothing was registered.
    }
  }
}
