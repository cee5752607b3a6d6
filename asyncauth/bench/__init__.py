"""How fast asyncauth is, as ratios to GSSAPI itself and to peers in the same run; ``asyncauth bench`` asks for it.

* ``_run`` a whole benchmark; ``_rounds`` in which order; ``_measures`` what; ``_entrants`` who
* ``_figures`` what is made of it, ``_model`` what should have come out; ``_table``, ``_plot``, ``_svg`` how it is shown
* ``_limit`` the raw GSSAPI loops that everything is compared with
* ``_server``, ``_client`` the processes of an entrant; ``_settings``, ``_common`` what they agree on; ``_child``,
  ``_pair``, ``_start``, ``_contestants`` how they are started and asked; ``_place`` the private realm, ``_slow_kdc``
  a KDC that answers late, ``_room`` whether the machine has as many connections as are wanted
* ``_streams``, ``_protocols``, ``_anyio`` the calls; ``_wires``, ``_tls``, ``_spnego`` what they go over
* ``_dotnet``, ``_gss_sample`` the peers that are no Python; ``_discovery``, ``_loop_delay``, ``_phases`` other measures
"""

from ._common import BenchmarkError
from ._entrants import LAYERS, PEERS, Entrant, chosen_layers, chosen_peers
from ._figures import Figure, Spread
from ._measures import MEASURES
from ._place import Place, private_realm
from ._plot import check_plot, write_plot
from ._rounds import Plan, Sample
from ._run import Bench, Missing
from ._settings import Settings
from ._table import show

__all__ = [
    "LAYERS",
    "MEASURES",
    "PEERS",
    "Bench",
    "BenchmarkError",
    "Entrant",
    "Figure",
    "Missing",
    "Place",
    "Plan",
    "Sample",
    "Settings",
    "Spread",
    "check_plot",
    "chosen_layers",
    "chosen_peers",
    "private_realm",
    "show",
    "write_plot",
]
