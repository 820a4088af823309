package io.tailrace.benchmarks.endurance;

import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import javax.management.MBeanServerConnection;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/** Looks into the memory of a JVM: another one on this machine, or this. Thread-safe. */
final class JvmMemory implements AutoCloseable {
  private static final double MIB = 1 << 20;

  private final JMXConnector connector;
  private final MemoryMXBean memory;
  private final Iterable<BufferPoolMXBean> pools;

  private JvmMemory(JMXConnector connector, MemoryMXBean memory, Iterable<BufferPoolMXBean> pools) {
    this.connector = connector;
    this.memory = memory;
    this.pools = pools;
  }

  static JvmMemory here() {
    return new JvmMemory(
        null,
        ManagementFactory.getMemoryMXBean(),
        ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class));
  }

  // The connection goes to a child process of this one.
  @SuppressWarnings("BanJNDI")
  static JvmMemory of(long pid) throws IOException {
    try {
      VirtualMachine machine = VirtualMachine.attach(Long.toString(pid));
      try {
        JMXConnector connector =
            JMXConnectorFactory.connect(new JMXServiceURL(machine.startLocalManagementAgent()));
        MBeanServerConnection server = connector.getMBeanServerConnection();
        return new JvmMemory(
            connector,
            ManagementFactory.getPlatformMXBean(server, MemoryMXBean.class),
            ManagementFactory.getPlatformMXBeans(server, BufferPoolMXBean.class));
      } finally {
        machine.detach();
      }
    } catch (AttachNotSupportedException e) {
      throw new IOException("cannot look into process " + pid, e);
    }
  }

  /** What is in use on the heap right after a full collection. */
  double heapAfterGcMiB() {
    memory.gc();
    return memory.getHeapMemoryUsage().getUsed() / MIB;
  }

  /** What the JDK's own direct buffers hold; Netty's lie beside them and show in RssAnon. */
  double directMiB() {
    for (BufferPoolMXBean pool : pools) {
      if (pool.getName().equals("direct")) {
        return pool.getMemoryUsed() / MIB;
      }
    }
    return Double.NaN;
  }

  @Override
  public void close() throws IOException {
    if (connector != null) {
      connector.close();
    }
  }
}
