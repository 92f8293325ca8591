//! The cluster's nodes, and what befalls them: at most one is down or stopped at a time.

use std::time::{Duration, Instant};

use servers::Cluster;

use crate::random::Random;

/// What is to be done about the node that was hit.
enum Due {
    Launch,
    GoOn,
    /// Started, after it had said that it was ready so many times; hit again only some time after it is.
    Ready(usize),
}

/// How long a node that is back is left alone, so that it can take up its copies.
const REST: Duration = Duration::from_secs(3);

pub(crate) struct Nodes {
    cluster: Cluster,
    hit: Option<(usize, Due, Instant)>,
}

impl Nodes {
    pub(crate) fn new(cluster: Cluster) -> Self {
        Self { cluster, hit: None }
    }

    pub(crate) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    fn any(&self, random: &mut Random) -> Option<usize> {
        self.hit.is_none().then(|| random.below(self.cluster.size() as u64) as usize)
    }

    /// `kill -9`, and a start soon after.
    pub(crate) fn kill(&mut self, random: &mut Random) -> bool {
        let Some(node) = self.any(random) else { return false };
        self.cluster.kill(node);
        self.hit = Some((node, Due::Launch, Instant::now() + Duration::from_millis(random.below(4_000))));
        true
    }

    /// SIGSTOP, for less or more than the controller's patience (4 s).
    pub(crate) fn stop(&mut self, random: &mut Random) -> bool {
        let Some(node) = self.any(random) else { return false };
        self.cluster.stop(node);
        self.hit = Some((node, Due::GoOn, Instant::now() + Duration::from_millis(500 + random.below(7_000))));
        true
    }

    pub(crate) fn tend(&mut self) {
        let Some((node, due, at)) = &mut self.hit else { return };
        match due {
            _ if Instant::now() < *at => {}
            Due::Launch => {
                *due = Due::Ready(self.cluster.starts(*node));
                self.cluster.launch(*node);
            }
            Due::GoOn => {
                self.cluster.go_on(*node);
                self.hit = None;
            }
            Due::Ready(before) if self.cluster.starts(*node) > *before => {
                *at = Instant::now() + REST;
                *before = usize::MAX;
            }
            Due::Ready(usize::MAX) => self.hit = None,
            Due::Ready(_) => *at = Instant::now() + Duration::from_millis(200),
        }
    }

    /// Waits until all nodes are there.
    pub(crate) fn settle(&mut self) {
        while let Some((node, due, _)) = &self.hit {
            if let Due::Ready(before) = due
                && *before != usize::MAX
            {
                self.cluster.await_start(*node, *before);
            }
            self.tend();
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
